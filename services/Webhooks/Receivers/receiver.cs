#:sdk Microsoft.NET.Sdk.Web
#:package Microsoft.Data.Sqlite@10.0.0
#:property PublishAot=false

// Receives webhooks, each once, whatever happens to it: README.md beside this file says how. .NET 10: `dotnet run receiver.cs`.

using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

const int MaxBody = 128 << 10;
var (gateway, endpoint, tokenCommand) = (Setting("GATEWAY"), Setting("ENDPOINT"), Setting("TOKEN_COMMAND"));
var key = Convert.FromBase64String(Setting("SECRET")["whsec_".Length..]);
var tolerance = TimeSpan.FromMinutes(5);
using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
using var inbox = new Inbox(Setting("DATABASE"));

// What a message's cursor says was taken may have been taken by a database that is lost: so first what is missing, then what comes.
var cursor = await CatchUpAsync();
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = MaxBody).UseUrls($"http://127.0.0.1:{Setting("PORT")}");
var app = builder.Build();
app.MapPost("/{**path}", ReceiveAsync);
await app.StartAsync();
if (cursor is not null)
    await ConfirmAsync(cursor);
Console.WriteLine("Ready");
await app.WaitForShutdownAsync();

async Task<IResult> ReceiveAsync(HttpRequest request)
{
    using var body = new MemoryStream();
    await request.Body.CopyToAsync(body);
    if (!IsGenuine(request.Headers, body.ToArray()))
        return Results.Unauthorized();
    try
    {
        inbox.Add(request.Headers["webhook-cursor"]!, request.Headers["webhook-id"], Encoding.UTF8.GetString(body.ToArray()));
    }
    catch (SqliteException error)
    {
        Console.WriteLine($"Not kept, and so not taken: {error.Message}");
        return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
    }

    return Results.NoContent();
}

bool IsGenuine(IHeaderDictionary headers, byte[] body)
{
    var (id, sent) = ($"{headers["webhook-id"]}", $"{headers["webhook-timestamp"]}");
    if (!long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > tolerance.TotalSeconds)
        return false;
    var expected = Encoding.ASCII.GetBytes($"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{sent}."), .. body]))}");
    // Each is compared in the same time: while a secret is changed there are several.
    return $"{headers["webhook-signature"]}".Split(' ').Any(one => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), expected));
}

// Reads what was sent since the cursor, to its end. Returns the cursor there.
async Task<string?> CatchUpAsync()
{
    while (inbox.Cursor is { } cursor)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/events?untilNow=true") { Headers = { { "Last-Event-ID", cursor } } };
            using var answer = await AskAsync(request);
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
            var (name, data) = ("", "");
            while (await lines.ReadLineAsync() is { } line)
            {
                var value = line[(line.IndexOf(':') is >= 0 and var colon ? Math.Min(colon + 2, line.Length) : line.Length)..];
                if (line.StartsWith("event:", StringComparison.Ordinal))
                    name = value;
                else if (line.StartsWith("data:", StringComparison.Ordinal))
                    data = value;
                else if (line.StartsWith("id:", StringComparison.Ordinal))
                    cursor = value;
                if (line.Length > 0)
                    continue;
                if (name == "end" && (string?)JsonNode.Parse(data)!["reason"] == "caught_up")
                    return cursor;
                if (name == "reset")
                    Console.WriteLine($"Something older may be missing, and is sent again by :replay: {data}");
                inbox.Add(cursor, name == "message" ? (string?)JsonNode.Parse(data)!["id"] : null, data);
                (name, data) = ("", "");
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            Console.WriteLine($"What was missed cannot be read yet: {error.Message}");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    return null;
}

// What was read need not be sent any more.
async Task ConfirmAsync(string cursor)
{
    int count;
    do
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, ":confirm")
        {
            Content = new StringContent(new JsonObject { ["cursor"] = cursor }.ToJsonString(), new MediaTypeHeaderValue("application/json")),
        };
        using var answer = await AskAsync(request);
        count = (int)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["count"]!;
    }
    while (count == 1_000);
}

async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request)
{
    // A token lives for minutes: each request has one of its own.
    using var command = Process.Start(new ProcessStartInfo("sh", ["-c", tokenCommand]) { RedirectStandardOutput = true })!;
    request.Headers.Authorization = new("Bearer", (await command.StandardOutput.ReadToEndAsync()).Trim());
    request.RequestUri = new Uri($"{gateway}/v1/webhooks/endpoints/{endpoint}{request.RequestUri}");
    return (await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)).EnsureSuccessStatusCode();
}

static string Setting(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set.");

/// <summary>The messages, and the cursor that goes with them: they are committed together, so neither is ever without the other.</summary>
internal sealed class Inbox : IDisposable
{
    private readonly Lock gate = new();
    private readonly SqliteConnection database;

    public Inbox(string path)
    {
        database = new SqliteConnection($"Data Source={path};Default Timeout=5");
        database.Open();
        Run(null, "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, body TEXT NOT NULL); CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL)");
    }

    public string? Cursor
    {
        get
        {
            lock (gate)
            {
                using var command = new SqliteCommand("SELECT text FROM cursor", database);
                return (string?)command.ExecuteScalar();
            }
        }
    }

    public void Add(string cursor, string? id, string body)
    {
        lock (gate)
        {
            using var transaction = database.BeginTransaction();
            // Who has the id has dealt with the message. What else is to be done with it belongs into this transaction.
            if (id is not null)
                Run(transaction, "INSERT OR IGNORE INTO messages VALUES ($1, $2)", id, body);
            Run(transaction, "INSERT OR REPLACE INTO cursor VALUES (1, $1)", cursor);
            transaction.Commit();
        }
    }

    public void Dispose() => database.Dispose();

    private void Run(SqliteTransaction? transaction, string sql, params string[] values)
    {
        using var command = new SqliteCommand(sql, database, transaction);
        foreach (var (i, value) in values.Index())
            command.Parameters.AddWithValue($"${i + 1}", value);
        command.ExecuteNonQuery();
    }
}
