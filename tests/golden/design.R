# Golden values of restricted cubic splines, reference levels and tests of several coefficients at once.
# Run from this folder: Rscript design.R (writes design.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(Hmisc)
  library(jsonlite)
})

set.seed(11, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 240
data <- data.frame(age = round(runif(n, 50, 90), 1), bmi = round(rlnorm(n, 3.25, 0.2), 1),
                   smoker = sample(c("former", "never", "now"), n, replace = TRUE))
hazard <- exp(0.002 * (data$age - 60)^2 + 0.5 * (data$smoker == "now"))
event_time <- ceiling(20 * rexp(n) / hazard)
end <- sample(3:15, n, replace = TRUE)
data$time <- pmin(event_time, end)
data$event <- as.integer(event_time <= end)
data$label <- rbinom(n, 1, plogis(-1 + 0.003 * (data$age - 60)^2 + 0.6 * (data$smoker == "now")))

knots <- function(x, nk) unname(rcspline.eval(x, nk = nk, knots.only = TRUE, fractied = 0))
bases <- lapply(3:7, function(nk) list(n = nk, knots = knots(data$bmi, nk), few = knots(data$bmi[1:60], nk),
  basis = unname(rcspline.eval(data$bmi, nk = nk, inclx = TRUE, fractied = 0)[1:8, ])))

at <- knots(data$age, 4)
spline <- rcspline.eval(data$age, knots = at, inclx = TRUE)
frame <- data.frame(data, s0 = spline[, 1], s1 = spline[, 2], s2 = spline[, 3])
frame$smoker <- relevel(factor(frame$smoker), ref = "never")
wald <- function(b, v, of) { x <- sum(b[of] * solve(v[of, of], b[of])); list(chi2 = x, df = length(of), p = pchisq(x, length(of), lower.tail = FALSE)) }
quartiles <- unname(quantile(data$age, c(0.25, 0.75)))
contrast <- diff(rcspline.eval(quartiles, knots = at, inclx = TRUE))[1, ]

case <- function(fit, shift) {
  b <- coef(fit); v <- vcov(fit); s <- shift + 1:3
  log <- sum(contrast * b[s]); se <- sqrt(drop(contrast %*% v[s, s] %*% contrast))
  list(coefficients = unname(b), covariance = unname(v), smoker = wald(b, v, shift + 4:5), age = wald(b, v, s),
       bends = wald(b, v, s[-1]), effect = exp(log + c(0, -1, 1) * qnorm(0.975) * se))
}
cox <- coxph(Surv(time, event) ~ s0 + s1 + s2 + smoker, frame, ties = "efron",
             control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
logistic <- glm(label ~ s0 + s1 + s2 + smoker, binomial, frame, control = glm.control(epsilon = 1e-14))
wide <- summary(logistic)$coefficients

write_json(list(
  origin = list(script = "tests/golden/design.R", options = "Hmisc::rcspline.eval(fractied = 0, norm = 2); coxph(ties = 'efron'); glm(binomial); Wald intervals"),
  versions = c(list(R = R.version.string), sapply(c("survival", "Hmisc"), function(p) as.character(packageVersion(p)), simplify = FALSE)),
  data = as.list(data), bases = bases, quartiles = quartiles, cox = case(cox, 0), logistic = case(logistic, 1),
  odds_ratios = unname(exp(cbind(wide[, 1], confint.default(logistic)))), p = unname(wide[, 4])
), "design.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
print(cox); print(wide); print(case(cox, 0)[-(1:2)])
