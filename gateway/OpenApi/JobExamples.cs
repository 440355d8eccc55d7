using System.Text.Json;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples of jobs, in the API description.</summary>
internal static class JobExamples
{
    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, 250, DateTimeKind.Utc);

    public static EnqueueJob Enqueue { get; } = new() { OwnerId = "ada", Kind = "hash", Input = JsonElement.Parse("""{"text":"abc"}"""), UniqueKey = "abc-hash", TimeoutSeconds = 600 };

    public static Job Waiting { get; } = new()
    {
        JobId = "0198f3a2-7c80-7000-8000-8b3c5d7e9f16",
        OwnerId = "ada",
        Kind = "hash",
        UniqueKey = "abc-hash",
        Priority = JobPriority.Normal,
        State = JobState.Waiting,
        Progress = 0,
        Attempts = 0,
        MaxAttempts = 3,
        Interruptions = 0,
        TimeoutSeconds = 600,
        Cancelling = false,
        Version = 1,
        DueTime = Time,
        CreateTime = Time,
    };

    public static Job Cancelled { get; } = Waiting with { State = JobState.Cancelled, Version = 2, EndTime = Time.AddSeconds(1) };

    public static JobPage Page { get; } = new() { Jobs = [Waiting] };

    private static Job Succeeded { get; } = Waiting with { State = JobState.Succeeded, Progress = 100, Attempts = 1, Version = 9, StartTime = Time, EndTime = Time.AddSeconds(41) };

    public static JobResult Result { get; } = new()
    {
        Job = Succeeded,
        Output = JsonElement.Parse("""{"digest":"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=","hex":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"""),
    };

    public static string EventText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: AXq0sYc2nF9TAAAAAAAAAAAHDTAxOThmM2EyN2M0MDdtWJQ

        event: job
        data: {{JsonSerializer.Serialize(new JobEvent { Kind = JobEventKind.Ended, Job = Succeeded, LogLines = [], Time = Time.AddSeconds(41) }, GatewayJson.Default.JobEvent)}}
        id: {{WebhookExamples.Cursor}}


        """;
}
