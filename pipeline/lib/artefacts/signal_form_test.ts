import assert from "node:assert/strict";
import { differenceOfForms, signalFormSchema } from "./signal_form.ts";
import { SIGNAL_FORM as FORM } from "./test_signal_form.ts";

Deno.test("differenceOfForms() names what differs, and what does not count it passes over", () => {
  assert.equal(differenceOfForms(FORM, FORM), undefined);
  for (
    const change of [
      { notch: "50" },
      { polarity: "flip" },
      { resample: "polyphase" },
      { lowHz: 1 },
      { filter: "none" },
    ]
  ) {
    assert.match(
      differenceOfForms({ ...FORM, ...change }, FORM) ?? "",
      new RegExp(`its ${Object.keys(change)[0]} is`),
    );
  }
  const highpass = { ...FORM, filter: "highpass" }, baseline = { ...FORM, filter: "baseline" };
  assert.equal(differenceOfForms({ ...highpass, highHz: 30 }, highpass), undefined);
  assert.match(differenceOfForms({ ...highpass, lowHz: 1 }, highpass) ?? "", /lowHz/);
  assert.equal(differenceOfForms({ ...baseline, lowHz: 1, filterOrder: 4 }, baseline), undefined);
});

Deno.test("signalFormSchema takes cards from before notch, resampling and polarity could be chosen", () => {
  const { notch: _notch, resample: _resample, polarity: _polarity, ...old } = FORM;
  assert.deepEqual(signalFormSchema.parse(old), FORM);
});
