# Golden values of cumulative incidence from two cause-specific Cox models.
# Run from this folder: Rscript cause_specific.R (writes cause_specific.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(prodlim)
  library(riskRegression)
  library(jsonlite)
})

set.seed(5, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 250
data <- data.frame(age = round(runif(n, 50, 85), 1), male = rbinom(n, 1, 0.4))
fracture <- rexp(n, 0.05 * exp(0.04 * (data$age - 65) - 0.6 * data$male))
death <- rexp(n, 0.08 * exp(0.09 * (data$age - 65) + 0.4 * data$male))
end <- sample(3:14, n, replace = TRUE)
first <- ceiling(pmin(fracture, death)) # whole years: ties within a cause, between causes, and with censorings
data$time <- pmin(first, end)
data$status <- ifelse(first > end, 0, ifelse(fracture < death, 1, 2))
few <- data
few$status[few$status == 2] <- c(2, rep(0, sum(data$status == 2) - 1)) # one competing event
at <- data.frame(age = c(52, 60.5, 67, 80, 84.9, 120), male = c(1, 0, 1, 0, 1, 0))
times <- c(0.5, 1, 3.5, 5, 10, 13)

case <- function(ties) {
  control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
  model <- CSC(Hist(time, status) ~ age + male, data = data, cause = 1, surv.type = "hazard", fitter = "coxph",
               ties = ties, control = control)
  stopifnot(all(sapply(model$models, function(m) m$method) == ties))
  list(
    ties = ties, coefficients = unname(coef(model$models[["Cause 1"]])), competing = unname(coef(model$models[["Cause 2"]])),
    incidence = unname(predictRisk(model, newdata = at, times = times, cause = 1, product.limit = FALSE))
  )
}

# With one competing event of no covariate, the second model is that of nobody: Nelson and Aalen's hazard.
common <- function() {
  control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
  model <- CSC(list(Hist(time, status) ~ age + male, Hist(time, status) ~ 1), data = few, cause = 1, surv.type = "hazard",
               fitter = "coxph", ties = "breslow", control = control)
  list(ties = "breslow",
       incidence = unname(predictRisk(model, newdata = at, times = times, cause = 1, product.limit = FALSE)))
}

write_json(list(
  origin = list(script = "tests/golden/cause_specific.R"),
  versions = c(list(R = R.version.string), sapply(c("survival", "prodlim", "riskRegression"), function(p) as.character(packageVersion(p)), simplify = FALSE)),
  data = data, few = few$status, at = at, times = times,
  cases = list(case("efron"), case("breslow")), common = common()
), "cause_specific.json", digits = NA, auto_unbox = TRUE, dataframe = "columns", matrix = "rowmajor", pretty = FALSE)
print(table(data$status)); print(case("efron")); print(common())
