using System.Diagnostics.Metrics;
using Grpc.Core;
using Microservices.Streaming;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>A frame is never larger than a service takes: that would end the stream for all its callers.</summary>
public sealed class CallFrameTests
{
    [Fact]
    public async Task Large_calls_share_no_frame_that_is_too_large_and_one_that_no_service_takes_fails_alone()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var replica = new FakeReplica(credit: 100);
        replica.Heal();
        var options = new CallStreamClientOptions { MaxFrameBytes = MessageSizes.MaxCalls };
        await using var client = new CallStreamClient<LookupUsersCall, LookupUsersResult>(
            UsersService.LookupUsers, options, _ => replica, new OneReplica(), services.GetRequiredService<IMeterFactory>(), TimeProvider.System, new AwayReplicas(TimeProvider.System, NullLogger<AwayReplicas>.Instance), NullLogger.Instance);

        int[] sizes = [600_000, 600_000, 3, 900_000, 50_000, 50_000, 983_000, 3, 700_000];
        var calls = new List<Task<LookupUsersResult>>();
        client.Together(() => calls.AddRange(sizes.Select((size, i) => client.CallAsync(new() { UserId = $"{i}".PadRight(size) }).AsTask())));
        var tooLarge = await Assert.ThrowsAsync<RpcException>(async () => await client.CallAsync(new() { UserId = new string('x', 1_000_000) }));

        Assert.Equal(StatusCode.InvalidArgument, tooLarge.StatusCode);
        Assert.Equal(sizes, (await Task.WhenAll(calls).WaitAsync(Eventually.Timeout)).Select(result => result.User.UserId.Length));
        Assert.Empty(replica.Violations);
    }

    private sealed class OneReplica : IReplicaSource
    {
        public ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyCollection<Uri>>([new("http://replica:1")]);
    }
}
