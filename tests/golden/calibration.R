# Golden values of calibration. Run from this folder: Rscript calibration.R (writes calibration.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(rms) # rcspline.eval of Hmisc, lrm
  library(jsonlite)
})

set.seed(4, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 400
horizon <- 5
cloglog <- function(p) log(-log(1 - p))
distances <- function(p, observed) {
  d <- abs(p - observed)
  list(ici = mean(d), e50 = quantile(d, 0.5, type = 7, names = FALSE), e90 = quantile(d, 0.9, type = 7, names = FALSE))
}

# Followed up: times in quarters of a year (many ties), heavy censoring, deaths as competing events, patients with two films.
patient <- c(seq_len(n - 50), seq_len(50))
x <- rnorm(n)
when <- cbind(rexp(n, 0.08 * exp(x + 0.3 * x^2)), rexp(n, 0.06 * exp(0.5 * x)), runif(n, 0.5, 10))
predicted <- round(1 - exp(-0.5 * exp(0.8 * x)), 3)
first <- apply(when, 1, which.min)
data <- list(
  single = data.frame(time = ceiling(4 * pmin(when[, 1], when[, 3])) / 4, status = as.integer(when[, 1] <= when[, 3])),
  competing = data.frame(time = ceiling(4 * apply(when, 1, min)) / 4, status = c(1L, 2L, 0L)[first])
)
curve_x <- rcspline.eval(cloglog(predicted), nk = 3, inclx = TRUE, norm = 2)

# Cox up to the horizon (administrative censoring), Efron's ties; observed by survfit's baseline at the horizon.
cut <- with(data$single, data.frame(time = pmin(time, horizon), status = as.integer(status == 1 & time <= horizon)))
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
slope_single <- coef(coxph(Surv(time, status) ~ cloglog(predicted), cut, ties = "efron", control = tight))
b1 <- curve_x[, 1]
b2 <- curve_x[, 2]
curve <- coxph(Surv(time, status) ~ b1 + b2, cut, ties = "efron", control = tight)
curves <- summary(survfit(curve, newdata = data.frame(b1, b2), stype = 2, ctype = 2, conf.type = "none"), times = horizon)
observed_single <- 1 - as.numeric(curves$surv)
km <- summary(survfit(Surv(time, status) ~ 1, data$single, stype = 1), times = horizon)$surv

# Pseudo-values of the Aalen-Johansen incidence by leaving out one film after another; least squares, cloglog link.
incidence <- function(d) {
  fit <- survfit(Surv(time, factor(status, 0:2)) ~ 1, d)
  summary(fit, times = horizon, extend = TRUE)$pstate[, 2]
}
aj <- incidence(data$competing)
pseudo <- sapply(seq_len(n), function(i) n * aj - (n - 1) * incidence(data$competing[-i, ]))
exact <- glm.control(epsilon = 1e-15, maxit = 200)
squares <- function(formula, start) {
  glm(formula, family = gaussian(link = make.link("cloglog")), start = start, control = exact)
}
slope_competing <- squares(pseudo ~ cloglog(predicted), c(0, 1))
curve_competing <- squares(pseudo ~ b1 + b2, c(coef(slope_competing), 0))

# Binary: the event by then, as if all were known.
label <- rbinom(n, 1, plogis(0.5 + qlogis(predicted) * 0.7))
l <- rcspline.eval(qlogis(predicted), nk = 3, inclx = TRUE, norm = 2)
l1 <- l[, 1]
l2 <- l[, 2]
binary <- glm(label ~ l1 + l2, family = binomial(link = "logit"), control = glm.control(epsilon = 1e-13))
by_rms <- lrm(label ~ rcs(qlogis(predicted), 3), tol = 1e-14, eps = 1e-10)

write_json(list(
  origin = list(
    script = "tests/golden/calibration.R", R = R.version.string,
    packages = as.list(sapply(c("survival", "Hmisc", "rms"), function(p) as.character(packageVersion(p))))
  ),
  data = list(patient = patient, predicted = predicted, label = label, horizon = horizon,
              single = as.list(data$single), competing = as.list(data$competing)),
  spline = list(knots = attr(curve_x, "knots"), columns = unname(unclass(curve_x[1:20, , drop = FALSE]))),
  single = c(list(o_e = (1 - km) / mean(predicted), calibration_slope = unname(slope_single)),
             distances(predicted, observed_single)),
  competing = c(list(o_e = aj / mean(predicted), calibration_slope = unname(coef(slope_competing)[2]),
                     intercept = unname(coef(slope_competing)[1]), pseudo_values = pseudo),
                distances(predicted, unname(fitted(curve_competing)))),
  binary = c(distances(predicted, unname(fitted(binary))), list(ici_rms = mean(abs(predicted - plogis(predict(by_rms))))))
), "calibration.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
