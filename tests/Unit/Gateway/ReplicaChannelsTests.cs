using Grpc.Net.Client;
using Microservices.Gateway.Operations;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>Channels to replicas that several use.</summary>
public sealed class ReplicaChannelsTests
{
    private static readonly Uri One = new("http://127.0.0.1:1");
    private static readonly Uri Other = new("http://127.0.0.1:2");
    private readonly FakeTimeProvider time = new();
    private int made;

    [Fact]
    public void All_who_need_one_share_it_and_it_is_closed_once_nobody_has_needed_it_for_a_minute()
    {
        using var channels = new ReplicaChannels(time);
        var first = Take(channels, One);
        using (var second = Take(channels, One))
            Assert.Same(first.Channel, second.Channel);
        time.Advance(TimeSpan.FromHours(1));
        Take(channels, Other).Dispose();
        Assert.False(IsClosed(first.Channel));

        first.Dispose();
        first.Dispose();
        time.Advance(TimeSpan.FromSeconds(59));
        Take(channels, Other).Dispose();
        Assert.False(IsClosed(first.Channel));
        using (var again = Take(channels, One))
            Assert.Same(first.Channel, again.Channel);

        time.Advance(TimeSpan.FromSeconds(61));
        Take(channels, Other).Dispose();
        Assert.True(IsClosed(first.Channel));
        using var anew = Take(channels, One);
        Assert.False(IsClosed(anew.Channel));
        Assert.Equal(3, made);
    }

    private ReplicaChannel Take(ReplicaChannels channels, Uri address) => channels.Take(address, () =>
    {
        made++;
        return GrpcChannel.ForAddress(address);
    });

    private static bool IsClosed(GrpcChannel channel)
    {
        try
        {
            channel.CreateCallInvoker();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
