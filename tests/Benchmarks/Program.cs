using Microservices.Tests.Benchmarks;

// Measures the suite against others, in one run: see README.md beside this file.
return await Commands.Root().Parse(args).InvokeAsync();
