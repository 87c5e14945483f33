# Golden values of Cox regression with Firth's penalty. Run from this folder: Rscript firth.R (writes firth.json).
# Tests don't need R. No package is followed: the penalised likelihood is that of coxph at given coefficients, plus half
# the log determinant of its information, maximised by general optimisers.
suppressMessages({
  library(survival)
  library(jsonlite)
})

penalised <- function(beta, data, ties, weights) {
  if (max(abs(data$x %*% beta - mean(data$x %*% beta))) > 100) return(-1e10) # the optimiser strays: coxph would stop
  fit <- coxph(Surv(time, event) ~ x, data, weights = weights, ties = ties, init = beta, robust = FALSE,
               control = coxph.control(iter.max = 0))
  fit$loglik[2] - 0.5 * as.numeric(determinant(as.matrix(fit$var))$modulus)
}

# Maximum over the coefficients that are not fixed.
highest <- function(start, fixed, data, ties, weights) {
  free <- setdiff(seq_along(start), fixed)
  full <- function(b) { start[free] <- b; start }
  if (!length(free)) return(list(beta = start, value = penalised(start, data, ties, weights)))
  scale <- 1 / apply(data$x, 2, sd)[free] # an optimiser wants coefficients of one size
  f <- function(b) -penalised(full(b * scale), data, ties, weights)
  slope <- function(b) sapply(seq_along(b), function(k) { # five points: error of the order of h^4
    h <- 1e-3 * (seq_along(b) == k)
    (f(b - 2 * h) - 8 * f(b - h) + 8 * f(b + h) - f(b + 2 * h)) / 12e-3
  })
  b <- start[free] / scale
  for (again in 1:3) b <- optim(b, f, slope, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  stopifnot(max(abs(slope(b))) < 1e-6)
  list(beta = full(b * scale), value = -f(b))
}

firth <- function(data, ties, level = 0.95, weights = rep(1, length(data$time))) {
  data$x <- as.matrix(data$x)
  p <- ncol(data$x)
  best <- highest(rep(0, p), integer(0), data, ties, weights)
  var <- coxph(Surv(time, event) ~ x, data, weights = weights, ties = ties, init = best$beta, robust = FALSE,
               control = coxph.control(iter.max = 0))$var
  profile <- function(j, b) {
    start <- best$beta
    start[j] <- b
    highest(start, j, data, ties, weights)$value
  }
  fall <- qchisq(level, 1)
  bound <- function(j, side) {
    f <- function(b) 2 * (best$value - profile(j, b)) - fall
    near <- best$beta[j]
    far <- near + side * 1.5 * sqrt(fall * var[j, j])
    while (f(far) < 0) far <- far + side * sqrt(var[j, j])
    uniroot(f, sort(c(near, far)), tol = 1e-11)$root
  }
  list(
    data = list(x = data$x, time = data$time, event = data$event, weights = weights), ties = ties, level = level,
    coefficients = best$beta, log_likelihood = best$value, covariance = var,
    lower = sapply(1:p, bound, side = -1), upper = sapply(1:p, bound, side = 1),
    p_value = sapply(1:p, function(j) pchisq(2 * (best$value - profile(j, 0)), 1, lower.tail = FALSE))
  )
}

set.seed(2, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 60
age <- round(runif(n, 50, 80))
treated <- rep(0:1, n / 2)
day <- ceiling(rexp(n, 0.1 * exp(0.04 * (age - 65)))) # whole days: many ties
end <- sample(3:9, n, replace = TRUE) # heavy censoring, and censorings that tie with events
time <- pmin(day, end)
event <- as.integer(day <= end)
no_event <- event * (1 - treated) # the treated arm loses all its events
weights <- round(runif(n, 0.5, 2), 2)
both <- cbind(treated, age)

write_json(list(
  origin = list(script = "tests/golden/firth.R"),
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  cases = list(
    efron = firth(list(x = both, time = time, event = event), "efron"),
    breslow = firth(list(x = both, time = time, event = event), "breslow"),
    arm_without_events = firth(list(x = both, time = time, event = no_event), "efron"),
    arm_without_events_breslow = firth(list(x = both, time = time, event = no_event), "breslow", level = 0.9),
    weights = firth(list(x = both, time = time, event = event), "efron", weights = weights),
    one_column = firth(list(x = cbind(treated), time = time, event = no_event), "efron"),
    one_event = firth(list(x = cbind(age[1:20]), time = 1:20, event = as.numeric(1:20 == 3)), "efron")
  )
), "firth.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
