module nethttp

go 1.26.0
