# Golden values of Fine–Gray models: coefficients, variance with and without several rows a patient, incidence.
# Run from this folder: Rscript fine_gray.R (writes fine_gray.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(cmprsk)
  library(jsonlite)
})

set.seed(23, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 260
data <- data.frame(age = round(runif(n, 50, 85), 1), male = rbinom(n, 1, 0.4), score = round(rnorm(n, 2020, 3), 2))
fracture <- rexp(n, 0.06 * exp(0.04 * (data$age - 65) - 0.6 * data$male + 0.1 * (data$score - 2020)))
death <- rexp(n, 0.07 * exp(0.08 * (data$age - 65) + 0.4 * data$male))
first <- pmin(fracture, death)
at <- data.frame(age = c(55, 66, 80), male = c(1, 0, 1), score = c(2019, 2022, 2016))
times <- c(0.5, 1, 2, 5, 8)

case <- function(round, until) {
  end <- runif(n, 2, until)
  time <- pmax(round(pmin(first, end)), 0.1)
  status <- ifelse(first > end, 0, ifelse(fracture < death, 1, 2))
  x <- as.matrix(data)
  fit <- crr(time, status, x, gtol = 1e-12, maxiter = 50)
  predicted <- predict(fit, as.matrix(at))
  incidence <- t(sapply(1:3, function(row) stepfun(predicted[, 1], c(0, predicted[, 1 + row]))(times)))
  long <- finegray(Surv(time, factor(status, 0:2)) ~ ., cbind(data, time, status, id = 1:n), etype = "1", id = id)
  cox <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + score, long, weights = fgwt, ties = "breslow", cluster = id,
               control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
  list(time = time, status = status, coefficients = unname(fit$coef), covariance = unname(fit$var),
       loglik = c(fit$loglik.null, fit$loglik), incidence = incidence, finegray = unname(coef(cox)), robust = unname(vcov(cox)))
}

write_json(list(
  origin = list(script = "tests/golden/fine_gray.R", options = "cmprsk::crr(gtol = 1e-12); survival::finegray, coxph(ties = 'breslow', cluster = id)"),
  versions = c(list(R = R.version.string), sapply(c("survival", "cmprsk"), function(p) as.character(packageVersion(p)), simplify = FALSE)),
  data = as.list(data), at = as.matrix(at), times = times,
  apart = case(identity, 12), tied = case(function(t) ceiling(t * 2) / 2, 12)
), "fine_gray.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
