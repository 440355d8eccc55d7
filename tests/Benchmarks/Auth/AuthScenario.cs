using System.Globalization;
using System.Net;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Auth;

/// <summary>What it costs that every call has a token: a request, a call stream, and the memory of tokens that were checked.</summary>
internal static class AuthScenario
{
    private const int Connections = 64;
    private const double Percent = 100;

    // Of a number up to 4,096 with its tag.
    private const int MaxPrincipalBytes = 3;
    private const string Share = "authentication, % of its bytes";
    private const string Growth = "grown since the first tenth, MiB";

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        if (Wrk.WhyNot is { } missing)
            throw new InvalidOperationException(missing);
        var (userCount, principals, asks, tokens) = (plan.Of(10_000, smoke: 50), plan.Of(1_000, smoke: 20), plan.Of(300, smoke: 3), plan.Of(1_000_000, smoke: 500));
        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        var orders = suite.Start("services/Orders", "orders", SuiteProcesses.Backend("Users", users));
        await using var relay = Relay.Start(new Uri(users.Address).Port);
        var (known, unknown) = (SuiteProcesses.FreeAddress(), SuiteProcesses.FreeAddress());
        var gateway = Gateway(known);
        var forgetful = Gateway(unknown, ("Auth__MaxCachedBytes", "65536"));
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(users.Address, userCount, cancellationToken);

        var report = new Report("auth", $"What a token with every call costs. Overviews of {userCount:N0} users in turn at the gateway, wrk, {Connections} connections: by one caller for all, by each user with a token of its own, and the same where a process knows some hundred tokens, so that each is checked anew. The bytes of a call stream to Users on which {principals:N0} users ask {asks:N0} times each whether they have changed, which they have not: once a second for as long as a token lives, in the shortest calls and answers that there are. The gateway's memory while {tokens:N0} distinct tokens come, by requests that are refused for what they ask.", plan);
        report.Versions("Microsoft.IdentityModel.JsonWebTokens");
        report.Version("wrk", Machine.VersionOf("wrk", "-v"));

        string[] paths = [.. ids.Select(id => $"/v1/users/{id}/overview")];
        var (one, own) = (Wrk.Script(suite.Folder, "one", paths), Wrk.Script(suite.Folder, "own", paths, LoadToken.Of(ids)));
        var section = report.Add("Overviews", await Contest.RunAsync(plan,
            [Overviews("one token", known, one, gateway), Overviews("a token each", known, own, gateway), Overviews("each token checked anew", unknown, own, forgetful)], cancellationToken));
        section.Ratio("requests/s", "a token each", "one token");
        section.Ratio("requests/s", "each token checked anew", "one token");

        var stream = new Measured();
        stream.Add("a service to Users", await BytesAsync(relay, ids[..principals], asks, cancellationToken));
        report.Add($"A call stream of {principals:N0} callers", stream).Goal(Share, "a service to Users", Goal.AtMost(5));

        var memory = new Measured();
        memory.Add("gateway", await MemoryAsync(gateway, known, tokens, cancellationToken));
        report.Add($"{tokens:N0} distinct tokens", memory).Goal(Growth, "gateway", Goal.AtMost(32));
        await report.WriteAsync(cancellationToken);

        ReplicaProcess Gateway(string address, params (string, string)[] more) => suite.Start(
            "gateway", "gateway", [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders), ("Kestrel__Endpoints__Http__Url", address), .. more]);

        Contender Overviews(string name, string address, string script, ReplicaProcess server) => new(
            name, [new("gateway", () => server.Pid)], async (seconds, cancel) => (await Wrk.RunAsync(address, script, Connections, seconds, cancel)).ToFigures());
    }

    // All from the first byte on, with the token that the stream is opened with.
    private static async Task<Figures> BytesAsync(Relay relay, string[] userIds, int asks, CancellationToken cancellationToken)
    {
        await using var lookups = new Lookups([relay.Address], options => options.Token = _ => new(Tokens.Authority.Workload("gateway")));
        await Parallel.ForEachAsync(userIds.Zip(LoadToken.Of(userIds)), new ParallelOptions { MaxDegreeOfParallelism = userIds.Length, CancellationToken = cancellationToken }, async (user, cancel) =>
        {
            var etag = 0ul;
            for (var i = 0; i < asks; i++)
                etag = await lookups.ValidateAsync(user.First, etag, user.Second, cancel);
        });
        var calls = (double)userIds.Length * asks;
        var authentication = relay.TokenBytes + (calls * MaxPrincipalBytes);
        return new() { ["bytes a call"] = relay.Bytes / calls, ["bytes of tokens"] = relay.TokenBytes, [Share] = Percent * authentication / relay.Bytes };
    }

    private static async Task<Figures> MemoryAsync(ReplicaProcess gateway, string address, int tokens, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        await SendAsync(0, tokens / 10);
        var first = gateway.Memory;
        await SendAsync(tokens / 10, tokens);
        var last = gateway.Memory;
        return new() { ["after the first tenth, MiB"] = Mebibytes(first), ["after all, MiB"] = Mebibytes(last), [Growth] = Mebibytes(last - first) };

        // Who asks for somebody else's is refused once the token was checked, and before anything else.
        Task SendAsync(int from, int to) => Parallel.ForAsync(from, to, cancellationToken, async (i, cancel) =>
        {
            var token = LoadToken.Of([string.Create(CultureInfo.InvariantCulture, $"caller-{i}")]).Single();
            using var response = await http.SendAsync(Get($"{address}/v1/users/nobody", token), cancel);
            if (response.StatusCode != HttpStatusCode.Forbidden)
                throw new InvalidOperationException($"Not refused as somebody else: {response.StatusCode}");
        });
    }

    private static HttpRequestMessage Get(string address, string token) => new(HttpMethod.Get, new Uri(address)) { Headers = { Authorization = new("Bearer", token) } };

    private static double Mebibytes(long bytes) => bytes / (1024.0 * 1024);
}
