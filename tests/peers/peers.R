# peers.R - DeLong by pROC and normal intervals by boot, of the data sets in a folder.
# SPDX-License-Identifier: MIT
suppressMessages({
  library(boot)
  library(pROC)
})

folder <- commandArgs(trailingOnly = TRUE)[1]

# An interval by boot of replicates that cadre has drawn.
normal <- function(file, area) {
  if (!file.exists(file)) return(c(NA, NA))
  t <- read.csv(file)$value
  if (anyNA(t)) return(c(NA, NA))
  b <- structure(list(t0 = area, t = matrix(t), R = length(t)), class = "boot")
  bounds <- boot.ci(b, type = "norm", t0 = area, t = t)$normal
  if (is.null(bounds)) c(NA, NA) else bounds[2:3] # none where t does not vary
}

one <- function(path) {
  d <- read.csv(path)
  a <- suppressMessages(roc(d$y, d$a, direction = "<", quiet = TRUE))
  b <- suppressMessages(roc(d$y, d$b, direction = "<", quiet = TRUE))
  area <- as.numeric(a$auc)
  test <- tryCatch(roc.test(b, a, method = "delong", paired = TRUE),
                   error = function(e) NULL)
  ci <- suppressWarnings(as.numeric(ci.auc(a, method = "delong")))
  bounds <- normal(sub("csv$", "replicates", path), area)
  data.frame(set = as.integer(sub("\\.csv$", "", basename(path))), area = area,
             standard_error = sqrt(var(a, method = "delong")), low = ci[1], high = ci[3],
             difference = as.numeric(b$auc) - area,
             p = if (is.null(test)) NA else test$p.value,
             normal_low = bounds[1], normal_high = bounds[2])
}

finite <- function(path) all(is.finite(as.matrix(read.csv(path))))
paths <- Filter(finite, list.files(folder, "^[0-9]+\\.csv$", full.names = TRUE))
results <- do.call(rbind, lapply(paths, one))
options(digits = 17)
results[] <- lapply(results, function(x) if (is.numeric(x)) sprintf("%.17g", x) else x)
write.csv(results, file.path(folder, "r.out"), quote = FALSE, row.names = FALSE)
