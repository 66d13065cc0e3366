module loader/bench/go_loop

go 1.22
