// The logger in batch mode, in a session, with every span type at known times.
import { GalileoLogger } from "galileo";

const t0 = Date.parse("2026-04-04T09:00:00.250Z");
const at = (ms) => new Date(t0 + ms);
const MS = 1_000_000;

const logger = new GalileoLogger();
await logger.startSession({ name: "support chat", externalId: "chat-js" });
const trace = logger.startTrace({
  input: "What is the weather in Oslo?",
  name: "weather",
  createdAt: at(0),
  metadata: { tenant: "acme" },
  tags: ["demo", "weather"],
});
logger.addAgentSpan({ input: "answer the user", name: "planner", createdAt: at(10) });
logger.addWorkflowSpan({ input: "collect", name: "collect", createdAt: at(15) });
logger.addRetrieverSpan({
  input: "oslo",
  output: [{ content: "Oslo is cold", metadata: { source: "wiki" } }],
  name: "knowledge-base",
  createdAt: at(20),
  durationNs: 100 * MS,
});
logger.addToolSpan({
  input: '{"city":"Oslo"}',
  output: "Error: no answer",
  name: "get_weather",
  createdAt: at(200),
  durationNs: 250 * MS,
  statusCode: 504,
});
logger.conclude({ output: "collected", durationNs: 440 * MS });
logger.addLlmSpan({
  input: [{ role: "user", content: "What is the weather in Oslo?" }],
  output: { role: "assistant", content: "It is 3 degrees." },
  model: "gpt-4o",
  name: "chat",
  createdAt: at(500),
  durationNs: 1000 * MS,
  numInputTokens: 10,
  numOutputTokens: 5,
  totalTokens: 15,
  temperature: 0.2,
});
logger.conclude({ output: "done", durationNs: 1890 * MS });
logger.conclude({ output: "It is 3 degrees.", durationNs: 2000 * MS, statusCode: 200 });
await logger.flush();
console.log(JSON.stringify({ traces: { weather: trace.id } }));
