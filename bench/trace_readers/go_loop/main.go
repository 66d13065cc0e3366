// Adds up every number of the three files of a day of a trace with encoding/csv,
// and tells what came out and what it took, as JSON; for bench/trace_bench.ts.
package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"log"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

func main() {
	start := time.Now()
	var invocations, functions int64
	var others float64
	for file, path := range os.Args[1:] {
		opened, err := os.Open(path)
		if err != nil {
			log.Fatal(err)
		}
		rows := csv.NewReader(bufio.NewReaderSize(opened, 1<<20))
		rows.ReuseRecord = true
		if _, err := rows.Read(); err != nil {
			log.Fatal(err)
		}
		for {
			row, err := rows.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				log.Fatal(err)
			}
			for _, cell := range row[4-file:] {
				if file == 0 {
					count, err := strconv.ParseInt(cell, 10, 64)
					if err != nil {
						log.Fatal(err)
					}
					invocations += count
				} else {
					value, err := strconv.ParseFloat(cell, 64)
					if err != nil {
						log.Fatal(err)
					}
					others += value
				}
			}
			if file == 0 {
				functions++
			}
		}
		opened.Close()
	}
	if others <= 0 {
		log.Fatal("nothing was read of durations and memory")
	}
	elapsed := time.Since(start)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	peakKib := usage.Maxrss
	// On Linux that is at least what the process had that started this one.
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if found := regexp.MustCompile(`VmHWM:\s*(\d+)`).FindSubmatch(status); found != nil {
			peakKib, _ = strconv.ParseInt(string(found[1]), 10, 64)
		}
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"invocations": invocations,
		"functions":   functions,
		"cost": map[string]float64{
			"elapsedMs": milliseconds(elapsed),
			"cpuMs":     milliseconds(cpu),
			"peakMib":   float64(peakKib) / 1024,
		},
	})
}
