using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Egress;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Egress;

/// <summary>dnsmasq on the loopback interface with one name, whose address a test changes; and how it is asked, since the system's resolver asks another.</summary>
internal sealed class NameServer : IHostResolver, IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("names-").FullName;
    private readonly int port = Eventually.FreePort();
    private readonly string name;
    private Process? process;

    private NameServer(string name) => this.name = name;

    private string Hosts => Path.Combine(directory, "hosts");

    public static async Task<NameServer> StartAsync(string name, string address)
    {
        var server = new NameServer(name);
        await File.WriteAllTextAsync(server.Hosts, $"{address} {name}\n");
        server.process = Process.Start(Needs.Program("dnsmasq")!,
        [
            "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--local=/test/", "--user=root", "--pid-file", $"--addn-hosts={server.Hosts}", "--local-ttl=0",
            $"--port={server.port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--log-facility=/dev/null",
        ]);
        await server.UntilAsync(address);
        return server;
    }

    /// <summary>Returns once the name leads to the address.</summary>
    public async Task ChangeAsync(string address)
    {
        await File.WriteAllTextAsync(Hosts, $"{address} {name}\n");
        await Shell.SignalAsync(process!.Id, "HUP");
        await UntilAsync(address);
    }

    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        using var socket = new UdpClient(AddressFamily.InterNetwork);
        socket.Connect(IPAddress.Loopback, port);
        // A question for A in class IN, recursion desired (RFC 1035).
        byte[] question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. host.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0, 0, 1, 0, 1];
        await socket.SendAsync(question, cancellationToken);
        var answer = (await socket.ReceiveAsync(cancellationToken)).Buffer;
        // Each answer has a pointer to the name, type, class, time, a length of 4, and the address.
        return [.. Enumerable.Range(0, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6))).Select(i => new IPAddress(answer.AsSpan(question.Length + 16 * i + 12, 4)))];
    }

    public async ValueTask DisposeAsync()
    {
        process?.Kill();
        await process!.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private Task UntilAsync(string address) => Eventually.UntilAsync(
        async () =>
        {
            try
            {
                return (await ResolveAsync(name, default)) is [var found] && found.ToString() == address;
            }
            catch (SocketException)
            {
                // It does not listen yet.
                return false;
            }
        },
        $"{name} leads to {address}");
}
