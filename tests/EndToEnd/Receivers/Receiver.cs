using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Microservices.Tests.EndToEnd.Receivers;

/// <summary>A receiver of services/Webhooks/Receivers, as somebody runs it who has copied its file elsewhere; with its database.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private static readonly string Source = Path.Combine(Needs.Root, "services", "Webhooks", "Receivers");
    private readonly string folder = Directory.CreateTempSubdirectory("receiver-").FullName;
    private readonly StringBuilder output = new();
    private Process? process;

    /// <param name="language">Python, TypeScript or C#.</param>
    public Receiver(string language) => Language = language;

    public string Language { get; }

    public string Url { get; } = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Eventually.FreePort()}/");

    /// <summary>Of the endpoint that sends to it.</summary>
    public string EndpointId { get; set; } = "";

    /// <summary>See <see cref="EndpointId"/>.</summary>
    public string Secret { get; set; } = "";

    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    private string Database => Path.Combine(folder, "database");

    private string Backup => Path.Combine(folder, "backup");

    private string Token => Path.Combine(folder, "token");

    /// <summary>Copies its file, and makes a program of it where that is needed.</summary>
    public async Task BuildAsync()
    {
        var file = Path.Combine(folder, Language switch { "Python" => "receiver.py", "TypeScript" => "receiver.mts", _ => "receiver.cs" });
        File.Copy(Path.Combine(Source, Path.GetFileName(file)), file);
        var build = Language switch
        {
            "Python" => "true",
            "TypeScript" => $"'{Needs.NpmTool("tsc")}' --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --erasableSyntaxOnly --target es2022 --module nodenext --types node --typeRoots '{folder}/node_modules/@types' '{file}'",
            _ => $"dotnet build '{file}' -o '{folder}/out'",
        };
        Directory.CreateSymbolicLink(Path.Combine(folder, "node_modules"), Path.Combine(Needs.Root, "tests", ".tools", "node_modules"));
        var (exitCode, text, error) = await Shell.RunAsync(build, TimeSpan.FromMinutes(5));
        Assert.True(exitCode == 0, $"{text}\n{error}");
    }

    /// <summary>Starts it, and returns when it takes messages, and has what it has missed.</summary>
    /// <param name="token">An access token, which it gets by a command.</param>
    /// <param name="secret">Null for the endpoint's.</param>
    public async Task StartAsync(string token, string? secret = null)
    {
        await File.WriteAllTextAsync(Token, token);
        lock (output)
            output.Clear();
        // Whatever it runs by itself, such as a shell, is gone when it says that it is ready: to kill it is to kill one process.
        var start = Language switch
        {
            "Python" => new ProcessStartInfo("python3", [Path.Combine(folder, "receiver.py")]),
            "TypeScript" => new ProcessStartInfo("node", [Path.Combine(folder, "receiver.mjs")]),
            _ => new ProcessStartInfo("dotnet", [Path.Combine(folder, "out", "receiver.dll")]),
        };
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, folder);
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[
            ("GATEWAY", Suite.Gateway), ("ENDPOINT", EndpointId), ("SECRET", secret ?? Secret), ("TOKEN_COMMAND", $"cat '{Token}'"), ("DATABASE", Database), ("PORT", $"{new Uri(Url).Port}")])
            start.Environment[name] = value;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, e) => Add(e.Data);
        process.ErrorDataReceived += (_, e) => Add(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Eventually.UntilAsync(() => Output.Contains("Ready\n", StringComparison.Ordinal) || process.HasExited, $"{Language} is ready");
        Assert.False(process.HasExited, $"{Language}: {Output}");
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>A signal, by its name without SIG.</summary>
    public Task SignalAsync(string signal) => Shell.SignalAsync(process!.Id, signal);

    /// <summary>Keeps its database as it is; while it does not run.</summary>
    public void KeepBackup() => Copy(Database, Backup);

    /// <summary>Its database is lost, but for what was kept of it; while it does not run.</summary>
    public void RestoreBackup() => Copy(Backup, Database);

    /// <summary>The bodies that it has; while it does not run.</summary>
    public IReadOnlyList<JsonElement> Messages()
    {
        if (Language == "TypeScript")
        {
            return [.. File.ReadLines(Database).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.TryGetProperty("id", out _))
                .Select(line => JsonDocument.Parse(line.GetProperty("body").GetString()!).RootElement)];
        }

        using var connection = new SqliteConnection($"Data Source={Database};Pooling=false");
        connection.Open();
        using var command = new SqliteCommand("SELECT body FROM messages", connection);
        using var reader = command.ExecuteReader();
        var bodies = new List<JsonElement>();
        while (reader.Read())
            bodies.Add(JsonDocument.Parse(reader.GetString(0)).RootElement);
        return bodies;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await KillAsync();
        Directory.Delete(folder, recursive: true);
    }

    // With what a transaction that was cut off has left beside it.
    private static void Copy(string from, string to)
    {
        foreach (var end in (string[])["", "-journal"])
        {
            File.Delete(to + end);
            if (File.Exists(from + end))
                File.Copy(from + end, to + end);
        }
    }

    private void Add(string? line)
    {
        lock (output)
            output.Append(line).Append('\n');
    }
}
