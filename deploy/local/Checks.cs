using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Microservices.Local;

/// <summary>What must hold before anything is started. What does not is named, all of it at once where there may be several.</summary>
internal static class Checks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Throws a <see cref="LaunchException"/> that says what is in the way.</summary>
    public static async Task RunAsync(Plan plan)
    {
        if (OperatingSystem.IsWindows())
            throw LaunchException.Refused("The launcher needs a POSIX system: on Windows, run it in WSL");

        AreBuilt(plan);
        PortsAreFree(plan);
        DataIsWritable(plan.Data);
        if (plan.Options.Redis is { } redis)
            await RedisAnswersAsync(redis);
        if (plan.Options.Postgres is { } postgres)
            await new PostgresCheck(postgres, Patience).RunAsync();
    }

    private static void AreBuilt(Plan plan)
    {
        var missing = plan.Replicas.Select(r => Repository.Assembly(r.Service)).Distinct().Where(a => !File.Exists(a)).ToArray();
        if (missing.Length > 0)
            throw LaunchException.Refused(Lines("These services are not built; leave out --no-build, or build Microservices.sln:", missing));
    }

    private static void PortsAreFree(Plan plan)
    {
        var taken = Ports(plan).Where(p => !IsFree(p.Port)).Select(p => $"{p.Port}  {p.Whose}").ToArray();
        if (taken.Length > 0)
            throw LaunchException.Refused(Lines("These ports are taken, perhaps by another suite that runs; nothing was started:", taken));
    }

    private static IEnumerable<(int Port, string Whose)> Ports(Plan plan)
    {
        if (plan.Options.Redis is null)
            yield return (Catalog.RedisPort, "embedded Redis (--redis HOST:PORT uses another)");
        if (plan.Options.Dashboard)
        {
            yield return (Catalog.DashboardPort, "dashboard (--no-dashboard leaves it out)");
            yield return (Catalog.OtlpPort, "dashboard, telemetry (--no-dashboard leaves it out)");
        }

        foreach (var replica in plan.Replicas)
        {
            yield return (replica.GrpcPort, $"{replica.Name}, gRPC");
            yield return (replica.ManagementPort, $"{replica.Name}, management");
            if (replica.HttpPort is { } http)
                yield return (http, $"{replica.Name}, HTTP");
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void DataIsWritable(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            File.Create(Path.Combine(directory, Path.GetRandomFileName()), 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LaunchException.Refused($"--data {directory} cannot be used: {e.Message} Name a directory that can be written");
        }
    }

    private static async Task RedisAnswersAsync(string redis)
    {
        var colon = redis.LastIndexOf(':');
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(redis[..colon].Trim('[', ']'), int.Parse(redis[(colon + 1)..], null), patience.Token);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray(), patience.Token);
            var answer = new byte[5];
            var length = await client.GetStream().ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, patience.Token);
            if (Encoding.ASCII.GetString(answer, 0, length) != "+PONG")
                throw LaunchException.Refused($"--redis {redis} is no Redis, or wants a password: it did not answer PING with PONG. Name one that any client may use");
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            var why = e is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : e.Message;
            throw LaunchException.Refused($"--redis {redis} cannot be reached: {why}. Start a Redis there, or leave the option out for the embedded one");
        }
    }

    private static string Lines(string title, IEnumerable<string> lines) =>
        string.Join(Environment.NewLine, lines.Select(l => "  " + l).Prepend(title));
}
