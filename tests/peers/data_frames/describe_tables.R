# Reads tables with readr or data.table, and prints of every column name, class, values and sum;
# an empty line behind each table.
#
#   Rscript describe_tables.R <readr|data.table>, and on standard input a line a reading:
#   <columns.csv or ->, <table>, <file>… with tabs between
suppressWarnings(suppressMessages({
  library(readr)
  library(data.table)
}))
program <- commandArgs(trailingOnly = TRUE)[1]

read_tables <- function(columns_file, table_name, files) {
  types <- NULL
  if (columns_file != "-") {
    columns <- subset(read.csv(columns_file), table == table_name)
    types <- setNames(columns$r, columns$column)
  }
  if (program == "data.table") return(rbindlist(lapply(files, fread, colClasses = types)))
  col_types <- if (is.null(types)) NULL else do.call(cols, as.list(types))
  read_csv(files, col_types = col_types, progress = FALSE, show_col_types = FALSE)
}

for (line in readLines(file("stdin"))) {
  reading <- strsplit(line, "\t")[[1]]
  frame <- suppressWarnings(read_tables(reading[1], reading[2], reading[-(1:2)]))
  for (name in names(frame)) {
    values <- frame[[name]]
    known <- values[!is.na(values) & values != ""]
    sum <- if (length(known) == 0) 0 else if (is.character(known)) sum(nchar(known)) else sum(known)
    cat(name, class(values)[1], length(known), format(sum, digits = 17), sep = "\t")
    cat("\n")
  }
  cat("\n")
}
