using System.Net;
using System.Net.Sockets;

namespace Microservices.Local;

/// <summary>What must hold before anything is started. What does not is named, all of it at once where there may be several.</summary>
internal static class Checks
{
    private static readonly TimeSpan RedisPatience = TimeSpan.FromSeconds(5);

    /// <summary>Throws a <see cref="LaunchException"/> that says what is in the way.</summary>
    public static async Task RunAsync(Plan plan)
    {
        if (OperatingSystem.IsWindows())
            throw LaunchException.Refused("The launcher needs signals and a POSIX shell: on Windows, run it in WSL");

        AreBuilt(plan);
        PortsAreFree(plan);
        DataIsADirectory(plan);
        if (!plan.RedisIsEmbedded)
            await RedisAnswersAsync(plan.Redis);
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
        if (plan.RedisIsEmbedded)
            yield return (Catalog.RedisPort, "embedded Redis (--redis HOST:PORT uses another)");
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

    private static void DataIsADirectory(Plan plan)
    {
        try
        {
            Directory.CreateDirectory(plan.Data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LaunchException.Refused($"--data {plan.Data} cannot be used: {e.Message}");
        }
    }

    private static async Task RedisAnswersAsync(string redis)
    {
        var colon = redis.LastIndexOf(':');
        using var patience = new CancellationTokenSource(RedisPatience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(redis[..colon].Trim('[', ']'), int.Parse(redis[(colon + 1)..], null), patience.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            var why = e is SocketException ? e.Message : $"no answer within {RedisPatience.TotalSeconds:0} s";
            throw LaunchException.Refused($"--redis {redis} cannot be reached: {why}");
        }
    }

    private static string Lines(string title, IEnumerable<string> lines) =>
        string.Join(Environment.NewLine, lines.Select(l => "  " + l).Prepend(title));
}
