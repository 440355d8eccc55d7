using System.IO.Compression;
using System.Text;
using Microservices.Egress;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Egress;

/// <summary>A body costs what is kept of it, whatever it would come to.</summary>
public sealed class HostileBodyTests
{
    [Fact]
    public async Task A_body_that_does_not_come_to_an_end_times_out_and_the_status_is_told()
    {
        await using var server = RawServer.Stalling("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
        using var egress = new EgressUnderTest(options => options.Timeout = TimeSpan.FromSeconds(1));

        var answer = await egress.GetAsync($"http://slow.test:{server.Port}/");

        Assert.Equal((EgressOutcome.TimedOut, 200, 0), (answer.Outcome, answer.Status, answer.Body.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_a_body_without_end_the_first_bytes_are_read_and_the_connection_is_closed(bool isNeededWhole)
    {
        var closed = new TaskCompletionSource();
        await using var server = new RawServer(async (stream, token) =>
        {
            await RawServer.ReadRequestAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), token);
            try
            {
                while (true)
                    await stream.WriteAsync(new byte[4_096], token);
            }
            catch (IOException)
            {
                closed.SetResult();
            }
        });
        using var egress = new EgressUnderTest();

        var answer = await egress.Egress.SendAsync(new(HttpMethod.Get, new Uri($"http://endless.test:{server.Port}/")) { NeedsWholeBody = isNeededWhole }, default);

        Assert.Equal((isNeededWhole ? EgressOutcome.TooLarge : EgressOutcome.Answered, 200), (answer.Outcome, answer.Status));
        Assert.Equal((isNeededWhole ? 0 : 4_096, !isNeededWhole), (answer.Body.Length, answer.IsBodyCut));
        await closed.Task.WaitAsync(Eventually.Timeout);
    }

    [Theory]
    [InlineData(4_095, false)]
    [InlineData(4_096, false)]
    [InlineData(4_097, true)]
    public async Task A_body_is_cut_where_it_is_longer(int length, bool isCut)
    {
        await using var server = RawServer.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{new string('x', length)}");
        using var egress = new EgressUnderTest();

        var answer = await egress.GetAsync($"http://shop.test:{server.Port}/");

        Assert.Equal((EgressOutcome.Answered, Math.Min(length, 4_096), isCut), (answer.Outcome, answer.Body.Length, answer.IsBodyCut));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Of_a_body_that_grows_when_it_is_decompressed_the_first_bytes_are_decompressed(string encoding)
    {
        using var bomb = new MemoryStream();
        await using (Stream compressed = encoding == "gzip" ? new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true) : new ZLibStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var i = 0; i < 100; i++)
                await compressed.WriteAsync(new byte[1 << 20]);
        }

        await using var server = RawServer.Answering($"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {bomb.Length}\r\n\r\n{Encoding.Latin1.GetString(bomb.ToArray())}");
        using var egress = new EgressUnderTest();

        var answer = await egress.GetAsync($"http://bomb.test:{server.Port}/");

        Assert.Equal((EgressOutcome.Answered, true), (answer.Outcome, answer.IsBodyCut));
        Assert.Equal(new byte[4_096], answer.Body.ToArray());
    }
}
