using Microservices.Tests.Benchmarks.StreamLoad;

// Subscribers or a publisher, as it is told; ends when nobody is left to tell it anything.
await using var load = new Load();
while (await Console.In.ReadLineAsync() is { Length: > 0 } line)
    await Console.Out.WriteLineAsync(await load.RunAsync(Protocol.Decode<Command>(line)));
