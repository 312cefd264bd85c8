// track(): nested functions, a tool that throws and is caught.
import { flushAll, getTrackContext, track } from "opik";

const traces = {};

const lookUp = track({ name: "look-up", type: "tool" }, async (city) => ({ degrees: 3, city }));

const broken = track({ name: "broken", type: "tool" }, async () => {
  throw new TypeError("no such city");
});

const chat = track(
  {
    name: "chat",
    type: "llm",
    enrichSpan: () => ({
      model: "gpt-4o",
      provider: "openai",
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    }),
  },
  async () => "It is 3 degrees.",
);

const agent = track({ name: "weather-agent", type: "general" }, async (question) => {
  traces.agent = getTrackContext().trace.data.id;
  await lookUp("Oslo");
  await broken().catch(() => {});
  return { answer: await chat(question) };
});

await agent("What is the weather in Oslo?");
await flushAll();
console.log(JSON.stringify({ traces }));
