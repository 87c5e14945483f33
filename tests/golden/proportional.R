# Golden values of the check of proportional hazards. Run from this folder: Rscript proportional.R (writes
# proportional.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(jsonlite)
})

set.seed(3, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 150
age <- round(runif(n, 50, 80), 1)
male <- rbinom(n, 1, 0.4)
score <- round(rnorm(n), 2)
# The score's effect fades with time: its hazard ratio is not proportional.
day <- ceiling(12 * rweibull(n, 1.3, exp(-0.03 * (age - 65) - 0.5 * male)) * exp(-0.9 * score * (runif(n) < 0.5)))
end <- sample(2:15, n, replace = TRUE) # heavy censoring in whole days: ties among events, and with censorings
time <- pmin(day, end)
event <- as.integer(day <= end)
x <- cbind(age, male, score)

check <- function(ties, transform) {
  fit <- coxph(Surv(time, event) ~ x, ties = ties, control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50))
  z <- cox.zph(fit, transform = transform, terms = FALSE, global = TRUE)
  list(
    ties = ties, transform = transform, table = unname(z$table), transformed = z$x, time = z$time, residuals = unname(z$y),
    slope = unname(apply(z$y, 2, function(r) coef(lm(r ~ z$x))[2]))
  )
}

grid <- expand.grid(ties = c("efron", "breslow"), transform = c("km", "identity", "rank", "log"), stringsAsFactors = FALSE)
write_json(list(
  origin = list(script = "tests/golden/proportional.R"),
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  data = list(x = unname(x), time = time, event = event),
  cases = Map(check, unname(grid$ties), grid$transform) |> unname()
), "proportional.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
