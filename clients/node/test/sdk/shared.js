// What the tests of the SDKs share.
import { command } from "../simulated.js";

/** Options for a scenario of the simulator; `posts()` is how often the upstream was asked. */
export function counted(simulate = true, more = {}) {
  let attempts = 0;
  const options = { command: [command, "serve", simulate === true ? "--simulate" : `--simulate=${simulate}`], ...more };
  options.onEvidence = (evidence) => {
    attempts += evidence?.attempts?.length ?? 0;
    options.last = evidence;
  };
  return { options, posts: () => attempts };
}

export const model = "gpt-5.2-codex";
