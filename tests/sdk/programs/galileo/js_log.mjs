// log(): wrapped functions, one inside the other.
import { flush, getLogger, init, log } from "galileo";

await init();
const getWeather = log({ spanType: "tool", name: "get_weather" }, async (city) => `3 degrees in ${city}`);
const chat = log({ spanType: "llm", name: "chat" }, async (question) => "It is 3 degrees.");
const agent = log({ spanType: "workflow", name: "weather-agent" }, async (question) => {
  await getWeather("Oslo");
  return await chat(question);
});

await agent("What is the weather in Oslo?");
const id = getLogger().traces[0].id;
await flush();
console.log(JSON.stringify({ traces: { agent: id } }));
