using System.Data.Common;
using System.Text.Json;
using Microservices.EventLog;
using Microservices.Local;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Npgsql;
using Endpoint = Microservices.Webhooks.V1.Endpoint;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>
/// Users, Orders, and replicas of Webhooks over one redis-server, all of them processes; orders that change; and a receiver with an endpoint for each user, one
/// for everybody's events, and one for these in order. The ledger knows what each must get, and what it got.
/// </summary>
public sealed class WebhooksUnderTest : IAsyncDisposable
{
    /// <summary>How many messages to one endpoint are not recorded at a time: those under way, by default of <c>Webhooks:MaxConcurrentPerEndpoint</c>, and those answered since the last were recorded.</summary>
    public const int MostUnrecorded = 8 + 32;

    /// <summary>How long a lease of due work lasts: longer than a machine that is busy with other things keeps a thread waiting.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(8);

    private const int RefusedOneIn = 97;
    private const string Everyone = "@everyone";
    private static readonly string[] Shared = ["/all", "/all-ordered"];

    private readonly List<IAsyncDisposable> parts = [];
    private readonly Dictionary<string, Endpoint> endpoints = [];
    private Func<DbConnection> connect = null!;

    /// <summary>What must arrive, and what has.</summary>
    public EffectLedger Ledger { get; } = new();

    /// <summary>Redis.</summary>
    public RedisServer Redis { get; private set; } = null!;

    /// <summary>The replicas of Webhooks.</summary>
    public ReplicaProcess[] Replicas { get; private set; } = [];

    /// <summary>Whether the receiver refuses some messages the first time, so that they are sent again 5 s later.</summary>
    public bool Refuses { get; set; } = true;

    /// <summary>The orders.</summary>
    public OrderLives Orders { get; private set; } = null!;

    /// <summary>Who orders.</summary>
    public string[] Users { get; private set; } = [];

    /// <summary>The paths of the endpoints that get messages in order.</summary>
    public IEnumerable<string> Ordered => endpoints.Where(e => e.Value.Ordered).Select(e => e.Key);

    /// <summary>Starts everything.</summary>
    /// <param name="postgres">Where the databases are; null for SQLite, which has one replica.</param>
    /// <param name="users">How many users.</param>
    /// <param name="clocks">The clocks of the replicas, as many as there are replicas; null for the machine's.</param>
    public static async Task<WebhooksUnderTest> StartAsync(PostgresServer? postgres, int users, params SteppedClock?[] clocks)
    {
        var all = new WebhooksUnderTest();
        try
        {
            await all.StartProcessesAsync(postgres, clocks);
            var receiver = all.Keep(await HookReceiver.StartAsync());
            receiver.Answer = all.TakeAsync;
            await all.CreateEndpointsAsync(receiver, users);
            return all;
        }
        catch
        {
            await all.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes down what a replica that stands still has under way: what is not recorded as delivered, of the endpoints that it looks after.</summary>
    public async Task LookAsync(ReplicaProcess replica, Fault fault)
    {
        var rows = await ReadAsync($"""
            SELECT DISTINCT d."EndpointId", d."MessageId" FROM "Deliveries" d JOIN "DueWork" w ON w."Id" = d."EndpointId"
            WHERE d."State" = {(int)DeliveryState.Pending} AND w."Owner" LIKE '{replica.Pid}-%'
            """, row => (PathOf(row.GetString(0)), row.GetString(1)));
        Ledger.Interrupt($"{fault.Name} of {replica.Pid}", rows);
    }

    /// <summary>Whether nothing is pending and nobody looks after an endpoint.</summary>
    public async Task<bool> IsQuietAsync() =>
        (await ReadAsync($"""SELECT (SELECT COUNT(*) FROM "Deliveries" WHERE "State" = {(int)DeliveryState.Pending}) + (SELECT COUNT(*) FROM "DueWork")""", row => row.GetInt64(0)))[0] == 0;

    /// <summary>What claims that all before it was taken and is wrong.</summary>
    public async Task<IReadOnlyList<string>> AheadOfTruthAsync()
    {
        var places = await ReadAsync("""SELECT "EndpointId", "MessageId", "Offset" FROM "Deliveries" """, row => (Key: (PathOf(row.GetString(0)), row.GetString(1)), Place: row.GetInt64(2)));
        return Ledger.AheadOfTruth(places.ToDictionary(p => p.Key, p => p.Place), effect =>
            Cursor.TryParse(effect.Watermark, out var cursor) && cursor.TryGetOffset($"webhooks/owner/{endpoints[effect.Target].OwnerId}", out _, out var offset)
                ? offset : throw new InvalidOperationException($"{effect} has no watermark but {effect.Watermark}"));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
    }

    private async Task StartProcessesAsync(PostgresServer? postgres, SteppedClock?[] clocks)
    {
        var directory = Keep(new TemporaryDirectory()).Path;
        async Task<string> DatabaseAsync(string service) => postgres is null ? $"Data Source={Path.Combine(directory, service)}.db" : await postgres.CreateDatabaseAsync();
        Redis = Keep(await RedisServer.StartAsync());
        var users = Keep(new ReplicaProcess("services/Users", await SettingsAsync("users")));
        var orders = Keep(new ReplicaProcess("services/Orders", new Dictionary<string, string>(await SettingsAsync("orders")) { ["Backends__Users__Addresses__0"] = users.Address }));

        var service = Catalog.Services.Single(s => s.Project == "Webhooks");
        var keys = new Keys(Path.Combine(directory, "keys"));
        keys.MakeMissing([service]);
        var settings = new Dictionary<string, string>(await SettingsAsync("webhooks"))
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["Due__LeaseDuration"] = $"{Lease}",
            ["Egress__AllowHttp"] = "true",
            ["Egress__AllowedNetworks__0"] = "127.0.0.0/8",
            ["Webhooks__CertificateFile"] = keys.CertificateOf(service),
            ["Webhooks__PrivateKeyFile"] = keys.CertificateKeyOf(service),
            ["Backends__Users__Addresses__0"] = users.Address,
            ["Backends__Orders__Addresses__0"] = orders.Address,
            // Nobody is there: inboxes are not what this is about.
            ["Backends__Notifications__Addresses__0"] = "http://127.0.0.1:1",
        };
        connect = () => postgres is null ? new SqliteConnection(settings["ConnectionStrings__Database"]) : new NpgsqlConnection(settings["ConnectionStrings__Database"] + ";Search Path=webhooks");
        Replicas = [.. clocks.Select(clock => Keep(new ReplicaProcess("services/Webhooks", new Dictionary<string, string>(settings.Concat(clock?.Settings ?? new Dictionary<string, string>())))))];
        await Task.WhenAll(Replicas.Append(users).Append(orders).Select(r => r.UntilReadyAsync()));

        var channel = Tokens.Channel(orders.Address);
        Orders = new OrderLives(channel, (user, order, version) =>
        {
            foreach (var path in Shared.Append($"/{user}"))
                Ledger.Want(path, order, version);
        });
        UsersAddress = users.Address;

        async Task<Dictionary<string, string>> SettingsAsync(string name) => new()
        {
            ["ConnectionStrings__Database"] = await DatabaseAsync(name),
            ["ConnectionStrings__Redis"] = Redis.ConnectionString,
            ["Logging__LogLevel__Default"] = "Warning",
        };
    }

    private string UsersAddress { get; set; } = "";

    private async Task CreateEndpointsAsync(HookReceiver receiver, int users)
    {
        Users = await OrderLoad.NewUsersAsync(UsersAddress, users);
        using var channel = Tokens.Channel(Replicas[0].Address);
        var client = new WebhooksService.WebhooksServiceClient(channel);
        foreach (var (i, user) in Users.Index())
            await CreateAsync($"/{user}", user, i % 2 == 0);
        foreach (var path in Shared)
            await CreateAsync(path, Everyone, path == Shared[^1]);

        async Task CreateAsync(string path, string owner, bool ordered) => endpoints[path] = (await client.CreateEndpointAsync(new CreateEndpointRequest
        {
            OwnerId = owner,
            Url = receiver.Address + path,
            Ordered = ordered,
            EventTypes = { "order.placed", "order.advanced", "order.cancelled" },
        })).Endpoint;
    }

    /// <summary>Takes a while for each message, and refuses some the first time.</summary>
    private async Task<int> TakeAsync(ReceivedHook hook, HttpContext http)
    {
        using var body = JsonDocument.Parse(hook.Body);
        var order = body.RootElement.GetProperty("data").GetProperty("order");
        var (effect, time) = Ledger.Begin(hook.Path, order.GetProperty("orderId").GetString()!, long.Parse(order.GetProperty("version").GetString()!, System.Globalization.CultureInfo.InvariantCulture), hook.Id, hook.Cursor);
        var chance = Random.Shared.Next(RefusedOneIn);
        await Task.Delay(chance % 30);
        var outcome = http.RequestAborted.IsCancellationRequested ? EffectOutcome.Broken : Refuses && time == 1 && chance == 0 ? EffectOutcome.Refused : EffectOutcome.Taken;
        Ledger.End(effect, outcome);
        return outcome == EffectOutcome.Taken ? StatusCodes.Status204NoContent : StatusCodes.Status500InternalServerError;
    }

    private string PathOf(string endpointId) => endpoints.Single(e => e.Value.EndpointId == endpointId).Key;

    private async Task<List<T>> ReadAsync<T>(string query, Func<DbDataReader, T> read)
    {
        await using var connection = connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = query;
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(read(reader));
        return rows;
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }

    private sealed class TemporaryDirectory : IAsyncDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("webhooks-").FullName;

        public ValueTask DisposeAsync()
        {
            Directory.Delete(Path, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
