using Microservices.Tests.Benchmarks.Harness;

namespace Microservices.Tests.Unit.Benchmarks;

public sealed class WrkTests
{
    [Theory]
    [InlineData("50.00us", 0.05)]
    [InlineData("0.87ms", 0.87)]
    [InlineData("12.34ms", 12.34)]
    [InlineData("1.50s", 1_500)]
    [InlineData("1.50m", 90_000)]
    public void Latencies_are_in_milliseconds_whatever_their_unit(string printed, double milliseconds)
    {
        Assert.Equal(milliseconds, Wrk.Parse(Output(p50: printed)).P50, 1e-9);
        Assert.Equal(milliseconds, Wrk.Parse(Output(p99: printed)).P99, 1e-9);
    }

    [Fact]
    public void What_is_neither_2xx_nor_3xx_and_what_had_no_answer_has_failed()
    {
        const string refused = "  Non-2xx or 3xx responses: 33724\n";
        const string errors = "  Socket errors: connect 1, read 20, write 300, timeout 4000\n";

        Assert.Equal(0, Wrk.Parse(Output()).Failed);
        Assert.Equal(33_724, Wrk.Parse(Output(refused)).Failed);
        Assert.Equal(4_321, Wrk.Parse(Output(errors)).Failed);
        Assert.Equal(38_045, Wrk.Parse(Output(errors + refused)).Failed);
    }

    [Fact]
    public void Operations_are_the_requests_that_were_answered_however_long_it_took()
    {
        var figures = Wrk.Parse(Output()).ToFigures();

        Assert.Equal(38_292, figures.Operations);
        Assert.Equal(34_809.74, figures["requests/s"]);
        Assert.Equal(0.05, figures["p50, ms"], 1e-9);
        Assert.Equal(1.49, figures["p99, ms"], 1e-9);
        Assert.Equal(0, figures["failed requests"]);
    }

    [Fact]
    public void A_run_without_an_answer_is_one_of_failures() => Assert.Equal(
        new WrkResult(0, 0, 0, 0, 3_798),
        Wrk.Parse("""
            Running 1s test @ http://127.0.0.1:18765/drop
              1 threads and 2 connections
              Thread Stats   Avg      Stdev     Max   +/- Stdev
                Latency     0.00us    0.00us   0.00us    -nan%
                Req/Sec     0.00      0.00     0.00      -nan%
              Latency Distribution
                 50%    0.00us
                 75%    0.00us
                 90%    0.00us
                 99%    0.00us
              0 requests in 1.00s, 0.00B read
              Socket errors: connect 0, read 3798, write 0, timeout 0
            Requests/sec:      0.00
            Transfer/sec:       0.00B
            """));

    /// <summary>As wrk 4.1 prints it; its share of latencies within a deviation looks like a percentile.</summary>
    private static string Output(string errors = "", string p50 = "50.00us", string p99 = "1.49ms") => $"""
        Running 1s test @ http://127.0.0.1:18765/ok
          1 threads and 2 connections
          Thread Stats   Avg      Stdev     Max   +/- Stdev
            Latency    96.79us  296.39us   4.94ms   99.50%
            Req/Sec    35.10k     4.15k   38.82k    81.99%
          Latency Distribution
             50%   {p50}
             75%   51.00us
             90%   71.00us
             99%   {p99}
          38292 requests in 1.10s, 1.39MB read
        {errors}Requests/sec:  34809.74
        Transfer/sec:      1.26MB
        """;
}
