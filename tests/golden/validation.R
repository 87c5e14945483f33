# Golden values of validation by bootstrap optimism and by cross-validation. Run from this folder: Rscript validation.R
# (writes validation.json). Tests don't need R. rms draws its samples by sample(n, replace = TRUE), one after the other,
# so that the same seed gives their rows, which the tests refit.
suppressMessages({
  library(rms)
  library(riskRegression)
  library(jsonlite)
})

seed <- function() set.seed(7, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
seed()
n <- 120
a <- round(rnorm(n), 2)
b <- round(rnorm(n), 2)
g <- sample(c("x", "y", "z"), n, replace = TRUE)
lp <- 0.8 * a - 0.4 * (g == "y")
label <- rbinom(n, 1, plogis(lp - 0.5))
time <- round(rexp(n, 0.2 * exp(lp)), 2) + 0.01
censored <- round(runif(n, 1, 9), 2)
event <- as.integer(time <= censored)
time <- pmin(time, censored)
data <- data.frame(a, b, g, label, time, event)

repeats <- 30
seed()
rows <- t(replicate(repeats, sample(n, replace = TRUE)))
logistic <- lrm(label ~ a + b + g, data, x = TRUE, y = TRUE, tol = 1e-14, eps = 1e-12)
seed()
of_logistic <- rms::validate(logistic, method = "boot", B = repeats, bw = FALSE, eps = 1e-12)
cox <- cph(Surv(time, event) ~ a + b + g, data, x = TRUE, y = TRUE, method = "efron", tol = 1e-14, eps = 1e-12)
seed()
of_cox <- rms::validate(cox, method = "boot", B = repeats, bw = FALSE, dxy = TRUE)

# Cross-validation: predictions of all folds judged together, with riskRegression::Score of given risks.
folds <- 5
fold <- matrix(NA_integer_, 2, n)
brier <- auc <- numeric(2)
for (r in 1:2) {
  fold[r, ] <- sample(rep(1:folds, length.out = n))
  risk <- numeric(n)
  for (k in 1:folds) {
    fit <- glm(label ~ a + b + g, binomial, data[fold[r, ] != k, ], control = glm.control(epsilon = 1e-14))
    risk[fold[r, ] == k] <- predict(fit, data[fold[r, ] == k, ], type = "response")
  }
  score <- Score(list(m = risk), label ~ 1, data, metrics = c("auc", "brier"), null.model = FALSE, se.fit = FALSE)
  auc[r] <- score$AUC$score$AUC
  brier[r] <- score$Brier$score$Brier
}

columns <- c("index.orig", "training", "test", "optimism", "index.corrected")
write_json(list(
  origin = list(
    script = "tests/golden/validation.R", R = R.version.string,
    packages = as.list(sapply(c("rms", "riskRegression"), function(p) as.character(packageVersion(p))))
  ),
  data = as.list(data), rows = rows - 1, fold = fold - 1,
  logistic = list(dxy = of_logistic["Dxy", columns], slope = of_logistic["Slope", columns],
                  brier = of_logistic["B", columns], used = of_logistic["Dxy", "n"]),
  cox = list(dxy = of_cox["Dxy", columns], used = of_cox["Dxy", "n"]),
  crossval = list(auc = auc, brier = brier)
), "validation.json", auto_unbox = TRUE, digits = NA, pretty = FALSE)
