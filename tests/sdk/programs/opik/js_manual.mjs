// The client: nested spans at known times, scores, a thread, and changes after the first flush.
import { Opik } from "opik";

const t0 = Date.parse("2026-03-04T09:00:00.250Z");
const at = (ms) => new Date(t0 + ms);

const client = new Opik({ projectName: "sdk-js-manual" });
const trace = client.trace({
  name: "weather",
  startTime: at(0),
  endTime: at(2000),
  input: { question: "What is the weather in Oslo?" },
  output: { answer: "to follow" },
  tags: ["demo"],
  metadata: { tenant: "acme" },
  threadId: "thread-js",
});
const agent = trace.span({
  name: "planner",
  type: "general",
  startTime: at(10),
  endTime: at(1900),
  input: { goal: "answer" },
  output: { done: true },
});
agent.span({
  name: "get_weather",
  type: "tool",
  startTime: at(20),
  endTime: at(220),
  input: { city: "Oslo" },
  errorInfo: { exceptionType: "Timeout", message: "no answer", traceback: "at get_weather" },
});
const llm = agent.span({
  name: "chat",
  type: "llm",
  startTime: at(300),
  endTime: at(1300),
  input: { messages: [{ role: "user", content: "What is the weather in Oslo?" }] },
  output: { messages: [{ role: "assistant", content: "Unknown." }] },
  model: "gpt-4o",
  provider: "openai",
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});
trace.score({ name: "helpfulness", value: 0.25, reason: "no answer" });
llm.score({ name: "tone", value: 0.5 });
await client.flush();

trace.update({ output: { answer: "unknown" }, tags: ["demo", "late"], metadata: { reviewed: true } });
llm.update({ output: { messages: [{ role: "assistant", content: "I do not know." }] } });
await client.flush();
console.log(JSON.stringify({ traces: { weather: trace.data.id } }));
