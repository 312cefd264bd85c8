// Streaming mode: every step is sent at once, often before its trace, and closed by PATCH.
import { GalileoLogger } from "galileo";

const t0 = Date.parse("2026-04-05T09:00:00.250Z");
const at = (ms) => new Date(t0 + ms);
const MS = 1_000_000;

const logger = new GalileoLogger({ mode: "streaming" });
const trace = logger.startTrace({ input: "What is the weather in Oslo?", name: "weather", createdAt: at(0), tags: ["demo"] });
logger.addWorkflowSpan({ input: "collect", name: "collect", createdAt: at(10) });
logger.addToolSpan({ input: '{"city":"Oslo"}', output: '{"degrees":3}', name: "get_weather", createdAt: at(20), durationNs: 250 * MS });
logger.addLlmSpan({
  input: [{ role: "user", content: "What is the weather in Oslo?" }],
  output: { role: "assistant", content: "It is 3 degrees." },
  model: "gpt-4o",
  name: "chat",
  createdAt: at(300),
  durationNs: 1000 * MS,
  numInputTokens: 10,
  numOutputTokens: 5,
  totalTokens: 15,
});
logger.conclude({ output: "collected", durationNs: 1400 * MS, statusCode: 200 });
logger.conclude({ output: "It is 3 degrees.", durationNs: 2000 * MS, statusCode: 200 });
await logger.terminate();
console.log(JSON.stringify({ traces: { weather: trace.id } }));
