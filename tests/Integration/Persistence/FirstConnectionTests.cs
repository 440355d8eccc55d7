using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Persistence;
using Microservices.Primitives;
using Microservices.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>How long a process that starts waits for a PostgreSQL that accepts its connection and says nothing yet.</summary>
public sealed class FirstConnectionTests : IDisposable
{
    private static readonly PersistenceOptions Defaults = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly FakeTimeProvider time = new();

    public FirstConnectionTests() => listener.Start();

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task An_answer_that_takes_longer_than_a_server_may_be_away_is_waited_for()
    {
        var opening = OpenAsync();
        using var accepted = await listener.AcceptTcpClientAsync();

        time.Advance(2 * Defaults.UnavailableAfter);
        await AnswerAsync(accepted.GetStream());

        await opening.WaitAsync(Support.Eventually.Timeout);
    }

    [Fact]
    public async Task A_server_that_never_answers_ends_the_start()
    {
        var opening = OpenAsync();
        using var accepted = await listener.AcceptTcpClientAsync();

        time.Advance(TimeSpan.FromSeconds(15));

        var ended = await Assert.ThrowsAsync<InvalidSettingException>(() => opening.WaitAsync(Support.Eventually.Timeout));
        Assert.Contains($"127.0.0.1:{Port} was not reached within 00:00:03 (Persistence:UnavailableAfter): it does not answer", ended.Message, StringComparison.Ordinal);
    }

    private int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    private Task OpenAsync() => new FirstConnection<UsersDbContext>(
        new Contexts($"Host=127.0.0.1;Port={Port};Username=suite;SslMode=Disable;GssEncryptionMode=Disable"), Options.Create(Defaults), time, NullLogger<FirstConnection<UsersDbContext>>.Instance).OpenAsync(default);

    /// <summary>Says what a PostgreSQL says that is starting up.</summary>
    private static async Task AnswerAsync(NetworkStream stream)
    {
        await stream.ReadExactlyAsync(new byte[1]);
        var error = Encoding.ASCII.GetBytes("SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
        await stream.WriteAsync((byte[])[(byte)'E', 0, 0, 0, (byte)(error.Length + 4), .. error]);
    }

    private sealed class Contexts(string connectionString) : IDbContextFactory<UsersDbContext>
    {
        public UsersDbContext CreateDbContext() => new PostgresUsersDbContext(new DbContextOptionsBuilder<PostgresUsersDbContext>().UseNpgsql(connectionString).Options);
    }
}
