# Golden values of a Cox model of extracted embeddings: float32 features, times in whole days, Efron ties.
# Run from this folder: Rscript embedding_cox.R (writes embedding_cox.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(jsonlite)
})

set.seed(11, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 400
p <- 16
single <- function(values) readBin(writeBin(as.numeric(values), raw(), size = 4), "numeric", n = length(values), size = 4)
# As an encoder's: correlated, of small spread beside their means.
latent <- matrix(rnorm(n * 4), n)
x <- 0.3 + 0.05 * (latent %*% matrix(rnorm(4 * p), 4) + matrix(rnorm(n * p), n))
x <- matrix(single(x), n)
patient <- sample(1:260, n, replace = TRUE) # several films of some
hazard <- 0.12 * exp(0.7 * latent[, 1] - 0.5 * latent[, 2])
days <- pmax(1, ceiling(pmin(rexp(n) / hazard, runif(n, 0.5, 6)) * 365.25 / 30) * 30) # visits by month: ties
event <- as.integer(runif(n) < 0.35)
time <- days / 365.25

control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
fit <- coxph(Surv(time, event) ~ x, ties = "efron", control = control, x = TRUE)
robust <- coxph(Surv(time, event) ~ x, ties = "efron", control = control, cluster = patient)
new <- matrix(single(0.3 + 0.05 * rnorm(3 * p)), 3)
horizons <- 1:5
curve <- survfit(coxph(Surv(time, event) ~ ., data.frame(x, time, event), ties = "efron", control = control),
  newdata = data.frame(new), conf.type = "none")

result <- list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))),
  options = "coxph(ties = 'efron', eps = 1e-12); cluster = patient for the standard errors; survfit(conf.type = 'none')",
  data = list(x = x, days = days, event = event, patient = patient),
  coefficients = unname(coef(fit)), log_likelihood = fit$loglik,
  standard_errors = sqrt(diag(unname(fit$var))), robust_standard_errors = sqrt(diag(unname(robust$var))),
  new = new, linear_predictor = as.vector(new %*% coef(fit)), horizons = horizons,
  survival = t(unname(summary(curve, times = horizons)$surv))
)
write_json(result, "embedding_cox.json", digits = NA, auto_unbox = TRUE)
