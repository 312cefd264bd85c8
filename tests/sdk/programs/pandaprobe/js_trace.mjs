// withTrace and withSpan: nesting, a caught error, a session, scores.
import { SpanKind, flush, score, session, shutdown, user, withSpan, withTrace } from "pandaprobe";

const traces = {};
const question = { messages: [{ role: "user", content: "What is the weather in Oslo?" }] };
const answer = { messages: [{ role: "assistant", content: "It is 3 degrees." }] };

await session("session-js", () =>
  user("user-js", () =>
    withTrace("weather-agent", { input: question, tags: ["demo"], metadata: { attempt: 2 } }, async (trace) => {
      traces.agent = trace.traceId;
      await withSpan("planner", { kind: SpanKind.AGENT }, async (planner) => {
        planner.setInput({ goal: "answer" });
        await withSpan("get_weather", { kind: SpanKind.TOOL }, async (span) => {
          span.setInput({ city: "Oslo" });
          throw new Error("no answer");
        }).catch(() => {});
        await withSpan("chat", { kind: SpanKind.LLM, model: "gpt-4o", metadata: { provider: "openai" } }, async (span) => {
          span.setInput(question);
          span.setTokenUsage({ promptTokens: 10, completionTokens: 5, total_tokens: 15 });
          span.setCost({ total: 0.001 });
          span.setModelParameters({ temperature: 0.2 });
          span.setOutput(answer);
        });
        planner.setOutput("done");
      });
      trace.setOutput(answer);
    }),
  ),
);
await withTrace("raised", { input: question }, async (trace) => {
  traces.raised = trace.traceId;
  throw new RangeError("broke");
}).catch(() => {});
await flush();
score(traces.agent, "helpfulness", "0.5", { reason: "partly" });
await shutdown();
console.log(JSON.stringify({ traces }));
