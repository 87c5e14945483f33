# Golden values of Cox models. Run from this folder: Rscript cox.R (writes cox.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(jsonlite)
})

set.seed(3, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 150
data <- data.frame(
  patient = sample(1:60, n, replace = TRUE), # clusters, some of one row
  site = sample(c("A", "B", "C"), n, replace = TRUE),
  age = round(runif(n, 50, 85), 1),
  male = rbinom(n, 1, 0.3),
  score = round(rnorm(n, 2020, 3), 2), # a mean far from 0 beside its spread
  weight = round(runif(n, 0.3, 3), 2)
)
hazard <- exp(0.05 * (data$age - 68) - 0.5 * data$male + 0.2 * (data$score - 2020))
event_time <- ceiling(rexp(n) / hazard * 8)
censoring <- sample(1:9, n, replace = TRUE) # whole numbers: ties among events, and of events with censorings
data$time <- pmin(event_time, censoring)
data$event <- as.integer(event_time <= censoring)
data$event[which.max(data$time)] <- 1 # an event at the last time
data$entry <- pmin(data$time - 0.5, sample(c(0, 0.5, 1, 2, 3), n, replace = TRUE)) # entries that tie with events
x <- c("age", "male", "score")
at <- data.frame(age = c(55, 80), male = c(1, 0), score = c(2018, 2023))
times <- c(0.5, 1, 2.5, 4, 8, 9)
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)

case <- function(formula, d = data, ..., survival = TRUE) {
  fit <- do.call(coxph, list(formula, data = d, control = control, x = TRUE, ...))
  result <- list(
    coefficients = I(unname(coef(fit))), covariance = unname(fit$var), loglik = fit$loglik,
    model_covariance = unname(if (is.null(fit$naive.var)) fit$var else fit$naive.var)
  )
  if (survival) {
    curve <- survfit(fit, newdata = at, conf.type = "none")
    result$survival <- t(unname(summary(curve, times = times)$surv))
  }
  result
}

rounded <- data
single <- writeBin(as.numeric(as.matrix(data[, x])), raw(), size = 4) # to float32 and back
rounded[, x] <- matrix(readBin(single, "numeric", n = 3 * n, size = 4), n)
one <- data
one$event <- 0L
one$event[which(data$time == 4 & data$age > 70 & data$age < 75)[1]] <- 1L

strata <- coxph(Surv(time, event) ~ age + male + score + strata(site), data, ties = "efron", control = control)
by_site <- lapply(c("A", "B", "C"), function(site) {
  until <- times[times <= max(data$time[data$site == site])]
  survival <- sapply(1:2, function(row) {
    curve <- survfit(strata, newdata = cbind(at[row, ], site = site), conf.type = "none")
    summary(curve, times = until)$surv
  })
  list(times = until, survival = t(survival))
})

# Many columns and few events, of numbers that any language can make again.
uniform <- function(row, column) { v <- sin(12.9898 * row + 78.233 * column) * 43758.5453; v - floor(v) }
wide_n <- 20000
wide_x <- sqrt(12) * (outer(1:wide_n, 1:64, uniform) - 0.5)
latent <- -log(uniform(1:wide_n, 101)) / (0.0064 * exp(0.3 * rowSums(wide_x[, 1:16])))
wide_end <- 0.5 + uniform(1:wide_n, 102)
wide <- coxph(Surv(ceiling(365 * pmin(latent, wide_end)), latent <= wide_end) ~ wide_x, ties = "efron", control = control)

write_json(list(
  origin = list(script = "tests/golden/cox.R", versions = list(
    R = R.version.string, survival = as.character(packageVersion("survival"))
  )),
  data = as.list(data), columns = x, at = as.matrix(at), times = times,
  efron = case(Surv(time, event) ~ age + male + score, ties = "efron"),
  breslow = case(Surv(time, event) ~ age + male + score, ties = "breslow"),
  weights = case(Surv(time, event) ~ age + male + score, ties = "efron", weights = data$weight, robust = FALSE),
  entry = case(Surv(entry, time, event) ~ age + male + score, ties = "efron"),
  cluster_efron = case(Surv(time, event) ~ age + male + score, ties = "efron", cluster = data$patient),
  cluster_breslow = case(Surv(time, event) ~ age + male + score, ties = "breslow", cluster = data$patient),
  ridge = case(Surv(time, event) ~ ridge(age, male, score, theta = 7, scale = FALSE), ties = "efron", survival = FALSE),
  rounded = case(Surv(time, event) ~ age + male + score, d = rounded, ties = "efron"),
  one_event = c(list(event = one$event), case(Surv(time, event) ~ age, d = one, ties = "efron", survival = FALSE)),
  strata = c(case(Surv(time, event) ~ age + male + score + strata(site), ties = "efron", survival = FALSE),
             list(by_site = by_site)),
  everything = case(Surv(entry, time, event) ~ age + male + score + strata(site), ties = "efron", weights = data$weight,
                    cluster = data$patient, survival = FALSE),
  wide = list(n_events = wide$nevent, coefficients = unname(coef(wide)), loglik = wide$loglik)
), "cox.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
