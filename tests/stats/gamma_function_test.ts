import { logGamma, normalCdf, upperGammaRatio } from "../../lib/stats/gamma_function.ts";
import { assertRelative, assertWithin } from "./closeness.ts";

Deno.test("logGamma has the factorials and the root of pi", () => {
  let factorial = 1;
  for (let n = 1; n <= 20; n++) {
    assertWithin(logGamma(n), Math.log(factorial), 1e-12 * (1 + Math.log(factorial)));
    factorial *= n;
  }
  assertRelative(logGamma(0.5), Math.log(Math.PI) / 2, 1e-12);
});

Deno.test("upperGammaRatio has its closed forms", () => {
  for (const x of [0.01, 0.5, 1, 3, 10, 100]) {
    assertRelative(upperGammaRatio(1, x), Math.exp(-x), 1e-12);
    assertRelative(upperGammaRatio(3, x), Math.exp(-x) * (1 + x + x * x / 2), 1e-12);
  }
  assertWithin(upperGammaRatio(2, 0), 1, 0);
  assertWithin(upperGammaRatio(2, Infinity), 0, 0);
});

Deno.test("upperGammaRatio of other arguments is SciPy's gammaincc", () => {
  assertRelative(upperGammaRatio(0.5, 0.1), 0.6547208460185768, 1e-12);
  assertRelative(upperGammaRatio(0.5, 8), 6.334248366623988e-05, 1e-12);
  assertRelative(upperGammaRatio(50, 60), 0.08440668109369177, 1e-11);
  assertRelative(upperGammaRatio(200, 150), 0.9999429031142579, 1e-11);
  assertRelative(upperGammaRatio(0.5, 50), 1.5239706048320995e-23, 1e-12);
});

Deno.test("normalCdf is the normal distribution's, in both tails", () => {
  assertRelative(normalCdf(-6), 9.865876450376946e-10, 1e-12);
  assertRelative(normalCdf(-1), 0.15865525393145707, 1e-12);
  assertWithin(normalCdf(0), 0.5, 0);
  assertRelative(normalCdf(2.5), 0.9937903346742238, 1e-12);
});
