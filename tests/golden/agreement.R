# Golden values of estimated T-scores. Run from this folder: Rscript agreement.R (writes agreement.json). Tests don't need R.
# The intraclass correlation is from the mean squares of base R's two-way aov, by McGraw & Wong's formula of ICC(A,1).
suppressMessages(library(jsonlite))

set.seed(3, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 120
observed <- round(rnorm(n, -1.8, 1.1), 1)
estimate <- -0.2 + 0.8 * observed + rnorm(n, 0, 0.5)
error <- estimate - observed

both <- data.frame(t = c(estimate, observed), film = factor(rep(seq_len(n), 2)), way = factor(rep(1:2, each = n)))
squares <- summary(aov(t ~ film + way, both))[[1]][["Mean Sq"]] # film, way, residual
icc <- (squares[1] - squares[3]) / (squares[1] + squares[3] + 2 / n * (squares[2] - squares[3]))

tenths <- function(t) sign(t) * floor(abs(t) * 10 + 0.5 + 1e-9) / 10 # halves away from zero
class_of <- function(t) factor(ifelse(tenths(t) <= -2.5, 2, ifelse(tenths(t) < -1, 1, 0)), levels = 0:2)
shares <- unclass(table(class_of(observed), class_of(estimate))) / n
far <- outer(0:2, 0:2, "-")^2
kappa <- 1 - sum(far * shares) / sum(far * outer(rowSums(shares), colSums(shares)))
limit <- function(cut) {
  true <- if (cut < -2) tenths(observed) <= cut else tenths(observed) < cut
  called <- if (cut < -2) tenths(estimate) <= cut else tenths(estimate) < cut
  list(sensitivity = mean(called[true]), specificity = mean(!called[!true]))
}

write_json(list(
  origin = list(script = "tests/golden/agreement.R", R = R.version.string, packages = list(stats = "base R")),
  data = list(estimate = estimate, observed = observed),
  pearson_r = cor(estimate, observed, method = "pearson"),
  mae = mean(abs(error)), rmse = sqrt(mean(error^2)),
  r_squared = 1 - sum(error^2) / sum((observed - mean(observed))^2),
  icc = icc, mean_error = mean(error), sd_error = sd(error),
  lower_limit = mean(error) - 1.96 * sd(error), upper_limit = mean(error) + 1.96 * sd(error),
  slope = unname(coef(lm(observed ~ estimate))[2]),
  class_accuracy = sum(diag(shares)), class_kappa = kappa,
  low = limit(-1), osteoporosis = limit(-2.5)
), "agreement.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
