# Golden values of a binary outcome. Run from this folder: Rscript binary.R (writes binary.json). Tests don't need R.
suppressMessages({
  library(pROC)
  library(Hmisc)
  library(rms)
  library(jsonlite)
})

set.seed(1, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 200
age <- round(runif(n, 50, 80), 1)
sex <- sample(c("F", "M"), n, replace = TRUE)
lp <- -4 + 0.06 * age - 0.5 * (sex == "M") + rnorm(n)
label <- rbinom(n, 1, plogis(lp))
risk <- round(plogis(1.5 * lp - 0.3), 2) # two decimals: many ties
risk <- pmin(pmax(risk, 0.01), 0.99) # val.prob drops 0 and 1

curve <- roc(label, risk, levels = c(0, 1), direction = "<", quiet = TRUE)
delong <- ci.auc(curve, conf.level = 0.95, method = "delong")
best <- coords(curve, x = "best", best.method = "youden", best.weights = c(1, 0.5), transpose = FALSE,
               ret = c("threshold", "sensitivity", "specificity"))

counts <- rbind(c(0, 10), c(1, 10), c(7, 10), c(9, 10), c(10, 10), c(0, 1), c(1, 1), c(1, 2), c(289, 328), c(50, 2000))
wilson <- binconf(counts[, 1], counts[, 2], alpha = 0.05, method = "wilson", include.x = TRUE, include.n = TRUE)

calibration <- val.prob(risk, label, pl = FALSE, logistic.cal = FALSE)
slope <- coef(glm(label ~ qlogis(risk), family = binomial(link = "logit"), control = glm.control(epsilon = 1e-12)))
clinical <- glm(label ~ age + sex, family = binomial(link = "logit"), control = glm.control(epsilon = 1e-12))

write_json(list(
  origin = list(
    script = "tests/golden/binary.R", R = R.version.string,
    packages = as.list(sapply(c("pROC", "Hmisc", "rms"), function(p) as.character(packageVersion(p))))
  ),
  data = list(age = age, sex = sex, label = label, risk = risk),
  auc = list(estimate = as.numeric(auc(curve)), delong_lower = delong[1], delong_upper = delong[3]),
  youden = list(threshold = best$threshold, sensitivity = best$sensitivity, specificity = best$specificity),
  wilson = list(x = counts[, 1], n = counts[, 2], lower = wilson[, "Lower"], upper = wilson[, "Upper"]),
  calibration = list(
    val_prob_slope = calibration[["Slope"]], val_prob_auc = calibration[["C (ROC)"]],
    glm_intercept = slope[[1]], glm_slope = slope[[2]], o_e = sum(label) / sum(risk)
  ),
  logistic = list(intercept = coef(clinical)[["(Intercept)"]], age = coef(clinical)[["age"]], sexM = coef(clinical)[["sexM"]],
                  fitted = unname(fitted(clinical)[1:5]))
), "binary.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
