using System.Text;
using Microservices.Egress;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Egress;

/// <summary>A host that hangs takes its own turns, and no others.</summary>
public sealed class FairnessTests
{
    [Fact]
    public async Task A_host_that_hangs_beside_99_good_ones_holds_up_none_of_them()
    {
        var hanging = 0;
        await using var server = Server(() => Interlocked.Increment(ref hanging));
        using var egress = new EgressUnderTest(options => options.MaxConcurrent = 8);
        using var hangUp = new CancellationTokenSource();

        var bad = Enumerable.Range(0, 20).Select(_ => egress.GetAsync($"http://hang.test:{server.Port}/", cancellationToken: hangUp.Token)).ToArray();
        await Eventually.UntilAsync(() => Volatile.Read(ref hanging) == 4, "as many as may hang do");
        for (var round = 0; round < 5; round++)
        {
            var good = await Task.WhenAll(Enumerable.Range(0, 99).Select(host => egress.GetAsync($"http://good{host}.test:{server.Port}/")));
            Assert.All(good, answer => Assert.Equal(EgressOutcome.Answered, answer.Outcome));
        }

        Assert.Equal(4, Volatile.Read(ref hanging));
        Assert.DoesNotContain(bad, request => request.IsCompleted);
        await hangUp.CancelAsync();
        Assert.All(await Task.WhenAll(bad), answer => Assert.Equal(EgressOutcome.Cancelled, answer.Outcome));
    }

    [Fact]
    public async Task A_line_is_bounded_in_length_and_in_time()
    {
        var hanging = 0;
        await using var server = Server(() => Interlocked.Increment(ref hanging));
        using var egress = new EgressUnderTest(options => (options.MaxConcurrentPerHost, options.MaxQueuedPerHost) = (1, 1));
        using var impatient = new EgressUnderTest(options => (options.MaxConcurrentPerHost, options.QueueTimeout) = (1, TimeSpan.FromMilliseconds(50)));
        using var hangUp = new CancellationTokenSource();

        Task<EgressAnswer>[] first = [Hang(egress), Hang(egress), Hang(impatient)];
        await Eventually.UntilAsync(() => Volatile.Read(ref hanging) == 2, "one of each hangs");
        var (third, second) = (await Hang(egress), await Hang(impatient));

        Assert.Equal((EgressOutcome.Busy, EgressOutcome.Busy), (third.Outcome, second.Outcome));
        // However it is written, it is the same host.
        Assert.Equal(EgressOutcome.Busy, (await egress.GetAsync($"http://HANG.test.:{server.Port}/x")).Outcome);
        Assert.Equal(2, Volatile.Read(ref hanging));
        await hangUp.CancelAsync();
        await Task.WhenAll(first);

        Task<EgressAnswer> Hang(EgressUnderTest client) => client.GetAsync($"http://hang.test:{server.Port}/", cancellationToken: hangUp.Token);
    }

    [Fact]
    public async Task All_requests_together_are_bounded()
    {
        var hanging = 0;
        await using var server = Server(() => Interlocked.Increment(ref hanging));
        using var egress = new EgressUnderTest(options => (options.MaxConcurrent, options.MaxQueued) = (2, 1));
        using var hangUp = new CancellationTokenSource();

        var sent = Enumerable.Range(0, 10).Select(host => egress.GetAsync($"http://hang{host}.test:{server.Port}/", cancellationToken: hangUp.Token)).ToArray();
        await Eventually.UntilAsync(() => Volatile.Read(ref hanging) == 2 && sent.Count(request => request.IsCompleted) == 7, "two hang, one waits");
        await hangUp.CancelAsync();

        Assert.Equal(7, (await Task.WhenAll(sent)).Count(answer => answer.Outcome == EgressOutcome.Busy));
        Assert.Equal(2, Volatile.Read(ref hanging));
    }

    // Answers all but hosts whose name begins with hang.
    private static RawServer Server(Action hangs) => new(async (stream, token) =>
    {
        while (await RawServer.ReadRequestAsync(stream, token) is { } request)
        {
            if (request.Contains("Host: hang", StringComparison.OrdinalIgnoreCase))
            {
                hangs();
                await Task.Delay(Timeout.Infinite, token);
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"), token);
        }
    });
}
