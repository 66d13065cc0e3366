import assert from "node:assert/strict";
import fc from "fast-check";
import { forecastIdleTime } from "../../../lib/autoscale/keep_alive/idle_time_forecast.ts";
import { Rng } from "../../../lib/base/rng.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected), `${actual}, not ${expected}`);

Deno.test("forecastIdleTime goes on with what the series does", () => {
  close(forecastIdleTime([300, 300, 300, 300, 300, 300, 300]), 300);
  // Alternating around a level: autoregression of the values, x′ = 14 − x.
  close(forecastIdleTime([5, 9, 5, 9, 5, 9, 5, 9]), 5);
  close(forecastIdleTime([9, 5, 9, 5, 9, 5, 9]), 5);
  // Steps that are each half the one before: autoregression of the differences.
  close(forecastIdleTime([100, 180, 220, 240, 250, 255, 257.5, 258.75]), 259.375);
  // A steady rise.
  close(forecastIdleTime([60, 70, 80, 90, 100, 110, 120]), 130);
});

Deno.test("forecastIdleTime of up to five values is their mean", () => {
  close(forecastIdleTime([300]), 300);
  close(forecastIdleTime([100, 300]), 200);
  close(forecastIdleTime([10, 20, 60, 20, 40]), 30);
});

Deno.test("forecastIdleTime of a few values without a pattern stays near their mean", () => {
  const rng = Rng.fromSeed(42, "few values");
  let error = 0;
  let least = 0;
  for (let run = 0; run < 1000; run++) {
    const series = Array.from({ length: 7 }, () => 100 + 20 * (rng.nextFloat() - 0.5));
    const truth = series.pop()!;
    error += (forecastIdleTime(series) - truth) ** 2;
    least += (100 - truth) ** 2;
  }
  // The last value alone would err by 2.
  assert.ok(error < 1.6 * least, `${error / least} of the best`);
});

Deno.test("forecastIdleTime errs hardly more than the forecast that suits the process", () => {
  const rng = Rng.fromSeed(42, "forecast");
  const noise = () => rng.nextFloat() - 0.5;
  // Each with the next value, its best forecast, and by how much more the mean square may err.
  const processes = [
    { name: "noise", length: 32, next: () => 100 + 20 * noise(), forecast: () => 100, most: 1.1 },
    {
      name: "walk",
      length: 32,
      next: (last: number) => last + 2 * noise(),
      forecast: (last: number) => last,
      most: 1.2,
    },
    {
      name: "short walk",
      length: 8,
      next: (last: number) => last + 2 * noise(),
      forecast: (last: number) => last,
      most: 1.35,
    },
    {
      name: "autoregression",
      length: 32,
      next: (last: number) => 100 + 0.7 * (last - 100) + 20 * noise(),
      forecast: (last: number) => 100 + 0.7 * (last - 100),
      most: 1.2,
    },
    {
      name: "momentum",
      length: 32,
      next: (last: number, before: number) => last + 0.8 * (last - before) + 2 * noise(),
      forecast: (last: number, before: number) => last + 0.8 * (last - before),
      most: 1.2,
    },
  ];
  for (const { name, length, next, forecast, most } of processes) {
    let error = 0;
    let least = 0;
    for (let run = 0; run < 1000; run++) {
      const series = [100, 100];
      while (series.length <= length) series.push(next(series.at(-1)!, series.at(-2)!));
      const truth = series.pop()!;
      error += (forecastIdleTime(series) - truth) ** 2;
      least += (forecast(series.at(-1)!, series.at(-2)!) - truth) ** 2;
    }
    assert.ok(error < most * least, `${name}: ${error / least} of the best`);
  }
});

Deno.test("forecastIdleTime is a time, whatever the series", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (series) => {
        const forecast = forecastIdleTime(series);
        assert.ok(forecast >= 0 && Number.isFinite(forecast));
      },
    ),
    { seed: 42 },
  );
});
