# Golden values of Cox models with entry times, strata and weights, and of their predicted survival.
# Run from this folder: Rscript strata.R (writes strata.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(jsonlite)
})

set.seed(17, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 220
data <- data.frame(age = round(runif(n, 50, 85), 1), male = rbinom(n, 1, 0.4), site = sample(c("A", "B", "C"), n, replace = TRUE),
                   weight = round(runif(n, 0.3, 4), 2))
rate <- c(A = 0.05, B = 0.1, C = 0.2)[data$site] * exp(0.04 * (data$age - 65) - 0.5 * data$male)
fracture <- rexp(n, rate)
death <- rexp(n, 0.6 * rate)
end <- sample(4:14, n, replace = TRUE)
first <- ceiling(2 * pmin(fracture, death)) / 2
data$time <- pmin(first, end)
data$status <- ifelse(first > end, 0, ifelse(fracture < death, 1, 2))
data$entry <- pmin(data$time - 0.5, sample(c(0, 0, 0.5, 1, 2), n, replace = TRUE))
at <- data.frame(age = c(55, 66, 80), male = c(1, 0, 0))
times <- c(0.5, 1, 2, 4)
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)

fitted <- function(cause) coxph(Surv(entry, time, status == cause) ~ age + male + strata(site), data, weights = weight,
                                cluster = seq_len(n), ties = "efron", control = control)
event <- fitted(1)
competing <- fitted(2)
sites <- c("A", "B", "C")
survival <- lapply(sites, function(site) t(sapply(1:3, function(row) {
  summary(survfit(event, newdata = cbind(at[row, ], site = site), conf.type = "none"), times = times)$surv
})))
# Incidence by the sum S(t-) dH1(t), S being exp(-H1 - H2), as predictRisk(CSC(...), product.limit = FALSE).
incidence <- lapply(sites, function(site) t(sapply(1:3, function(row) {
  one <- survfit(event, newdata = cbind(at[row, ], site = site), conf.type = "none")
  two <- survfit(competing, newdata = cbind(at[row, ], site = site), conf.type = "none")
  all <- sort(unique(c(one$time, two$time)))
  h1 <- c(0, stepfun(one$time, c(0, one$cumhaz))(all))
  h2 <- c(0, stepfun(two$time, c(0, two$cumhaz))(all))
  steps <- exp(-h1 - h2)[seq_along(all)] * diff(h1)
  sapply(times, function(t) sum(steps[all <= t]))
})))
write_json(list(
  origin = list(script = "tests/golden/strata.R", options = "coxph(Surv(entry, time, event) ~ age + male + strata(site), weights, cluster = row, ties = 'efron')"),
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  data = as.list(data), at = as.matrix(at), times = times, sites = sites,
  coefficients = unname(coef(event)), covariance = unname(vcov(event)), competing = unname(coef(competing)),
  survival = survival, incidence = incidence
), "strata.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
print(event); print(table(data$site, data$status)); print(survival[[1]])
