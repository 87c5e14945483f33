# Golden values of three classes in order. Run from this folder: Rscript ordinal.R (writes ordinal.json). Tests don't need R.
# Squared weights make kappa an intraclass correlation (Fleiss & Cohen 1973, Educ Psychol Meas 33:613): no table is needed.
suppressMessages(library(jsonlite))

set.seed(11, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 150
label <- sample(0:2, n, replace = TRUE, prob = c(0.45, 0.4, 0.15))
z <- label + rnorm(n, 0, 0.9)
logits <- cbind(0, z - 0.7, 2 * z - 2.6)
p <- round(exp(logits) / rowSums(exp(logits)), 2) # ties, as a network of few films may give them
p[, 1] <- round(1 - p[, 2] - p[, 3], 2)
risk <- round(as.vector(p %*% 0:2), 4)
called <- max.col(p, ties.method = "first") - 1

auc <- function(score, positive) { # Mann and Whitney's
  w <- suppressWarnings(wilcox.test(score[positive], score[!positive], exact = FALSE)$statistic)
  unname(w) / (sum(positive) * sum(!positive))
}
population <- function(x, y) mean((x - mean(x)) * (y - mean(y)))
kappa <- 2 * population(label, called) /
  (population(label, label) + population(called, called) + (mean(label) - mean(called))^2)
cdf <- t(apply(p, 1, cumsum))
rps <- mean(sapply(seq_len(n), function(i) sum((cdf[i, 1:2] - (label[i] <= 0:1))^2) / 2))
brier <- mean(sapply(seq_len(n), function(i) sum((p[i, ] - (0:2 == label[i]))^2)))
of_class <- lapply(0:2, function(k) {
  is <- label == k
  says <- called == k
  list(
    auc = auc(p[, k + 1], is), o_e = sum(is) / sum(p[, k + 1]),
    sensitivity = mean(says[is]), specificity = mean(!says[!is]), ppv = mean(is[says]), npv = mean(!is[!says])
  )
})

write_json(list(
  origin = list(script = "tests/golden/ordinal.R", R = R.version.string, packages = list(stats = "base R")),
  data = list(label = label, probabilities = p, risk = risk),
  ordinal_auc = mean(c(auc(risk, label >= 1), auc(risk, label >= 2))),
  class_accuracy = mean(label == called), class_kappa = kappa,
  ranked_probability = rps, brier_of_classes = brier,
  of_class = of_class
), "ordinal.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
