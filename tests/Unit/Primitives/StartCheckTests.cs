using Microservices.Primitives;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Primitives;

/// <summary>A process that starts waits for what it needs, but not for long, and one that has started goes on without.</summary>
public sealed class StartCheckTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Needed needed;

    public StartCheckTests() => needed = new(time);

    [Fact]
    public async Task A_process_that_starts_is_not_ready_until_it_is_there_or_has_been_waited_for()
    {
        Assert.Equal(HealthStatus.Unhealthy, await StatusAsync());
        time.Advance(StartCheck.Patience);
        Assert.Equal(HealthStatus.Unhealthy, await StatusAsync());
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(HealthStatus.Degraded, await StatusAsync());
        needed.IsThere = true;
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());
    }

    [Fact]
    public async Task A_process_that_has_found_it_goes_on_without()
    {
        needed.IsThere = true;
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());
        needed.IsThere = false;
        Assert.Equal(HealthStatus.Degraded, await StatusAsync());
    }

    private async Task<HealthStatus> StatusAsync() => (await needed.CheckHealthAsync(new HealthCheckContext())).Status;

    private sealed class Needed(TimeProvider time) : StartCheck(time)
    {
        public bool IsThere { get; set; }

        protected override ValueTask<string?> AwayAsync(CancellationToken cancellationToken) => new(IsThere ? null : "it is away");
    }
}
