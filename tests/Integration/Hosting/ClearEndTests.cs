using Microservices.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Npgsql;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>
/// What a process needs at its start and finds other than it should be ends it within seconds, with one line that names the setting and the mend:
/// a real process with a real PostgreSQL, Redis or file.
/// </summary>
public sealed class ClearEndTests
{
    private const string Database = "ConnectionStrings:Database";
    private const string Redis = "ConnectionStrings:Redis";

    // Ten times what it may take where nothing else runs.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(50);

    [Fact]
    public Task A_directory_that_cannot_be_written() => EndsAsync(Database, "Data Source=/proc/orders.db", ["a file that can be written, but '/proc/orders.db' cannot", "let this account write"]);

    [Fact]
    public Task A_directory_where_the_database_should_be() => EndsAsync(
        Database, "Data Source=orders.db", ["a file that can be written, but 'orders.db' cannot"], directory => Directory.CreateDirectory(Path.Combine(directory, "orders.db")));

    [Fact]
    public Task A_file_that_is_no_database() => EndsAsync(
        Database, "Data Source=orders.db", ["a SQLite database, but 'orders.db' is not one", "name another file"], directory => File.WriteAllText(Path.Combine(directory, "orders.db"), new string('x', 10_000)));

    [Fact]
    public Task A_PostgreSQL_that_is_not_there() => EndsAsync(
        Database, "Host=127.0.0.1;Port=1;Username=suite", ["a PostgreSQL that is up, but 127.0.0.1:1 was not reached within 00:00:03", "Connection refused", "correct Host and Port"]);

    [Fact]
    public Task A_host_that_does_not_exist() => EndsAsync(Database, "Host=postgres.invalid;Username=suite", ["postgres.invalid:5432 was not reached", "correct Host and Port"]);

    [Fact]
    public async Task A_PostgreSQL_that_is_a_web_server()
    {
        await using var web = await StartWebServerAsync();
        await EndsAsync(Database, $"Host=127.0.0.1;Port={PortOf(web)};Username=suite", ["a PostgreSQL that is up", "correct Host and Port"]);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task A_PostgreSQL_that_does_not_let_the_account_in()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var account = await postgres.CreateAccountAsync("clerk", "right", "postgres");
        var unknown = new NpgsqlConnectionStringBuilder(account) { Username = "nobody" }.ToString();

        await EndsAsync(Database, account + ";Password=wrong", ["a Username and a Password that", "password authentication failed for user \"clerk\""]);
        await EndsAsync(Database, account, ["must have the Password that"]);
        await EndsAsync(Database, unknown, ["a Username and a Password that", "role \"nobody\" does not exist"]);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task A_PostgreSQL_in_which_the_account_may_make_nothing()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var account = await postgres.CreateAccountAsync("clerk", "right", "shop") + ";Password=right";
        var server = new NpgsqlConnectionStringBuilder(account);

        await EndsAsync(Database, account, ["has no database \"shop\"", $"createdb -h 127.0.0.1 -p {server.Port} -O \"clerk\" \"shop\""]);
        server.Database = "postgres";
        await EndsAsync(Database, server.ToString(), ["GRANT CREATE ON DATABASE \"postgres\" TO \"clerk\""]);
    }

    [Fact]
    public async Task A_Redis_that_is_a_web_server()
    {
        await using var web = await StartWebServerAsync();
        await EndsAsync(Redis, $"127.0.0.1:{PortOf(web)}", [$"a Redis, but what listens at 127.0.0.1:{PortOf(web)} is not one"]);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_Redis_that_refuses_the_password()
    {
        await using var redis = await RedisServer.StartAsync("--requirepass", "right");

        await EndsAsync(Redis, redis.ConnectionString, ["password"]);
        await EndsAsync(Redis, redis.ConnectionString + ",password=wrong", ["password"]);
    }

    private static async Task EndsAsync(string key, string value, string[] said, Action<string>? prepare = null)
    {
        var took = await FailedStart.OfAsync("services/Orders", [(key.Replace(":", "__", StringComparison.Ordinal), value)], [$"{key} must ", .. said], prepare);
        Assert.InRange(took, TimeSpan.Zero, Soon);
    }

    private static async Task<WebApplication> StartWebServerAsync()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();
        return app;
    }

    private static int PortOf(WebApplication app) => new Uri(app.Urls.Single()).Port;
}
