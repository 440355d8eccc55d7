using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>What a caller that asks for much and reads nothing does to the others.</summary>
public sealed class AdmissionTests : IDisposable
{
    private const int Connections = 20;
    private const int CallsEach = 100;
    private const uint EnhanceYourCalm = 0xb;
    private readonly string directory = Directory.CreateTempSubdirectory("suite-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Thousands_of_lists_that_nobody_reads_fail_and_delay_no_call_of_another_hold_bounded_memory_and_are_cut_off()
    {
        await using var host = await StartAsync(("Admission:WriteTimeout", "00:00:03"), ("Admission:MaxUnreadBytes", $"{8 << 20}"));
        var users = new UsersClient(host.Channel);
        await CallAsync(users, 100);
        var alone = await CallAsync(users, 200);

        var connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => WindowlessConnection.OpenAsync(host.Grpc)));
        foreach (var connection in connections)
        {
            for (var i = 0; i < CallsEach; i++)
                await connection.CallAsync("/users.v1.UsersService/ListUsers", new ListUsersRequest { PageSize = 500 });
        }

        using var unread = new Gauge(host.Services.GetRequiredService<IMeterFactory>(), "answers.unread");
        await Eventually.UntilAsync(() => unread.Value > 1 << 20, "answers wait for who does not read them");
        var beside = await CallAsync(users, 200);
        Assert.NotEmpty((await users.ListUsersAsync(new() { PageSize = 50 }, deadline: DateTime.UtcNow + Eventually.Timeout)).Users);
        Assert.InRange(unread.Highest, 1, 8 << 20);

        // Without the limit it is the better part of a minute; this machine has other things to do as well.
        Assert.True(beside < (alone * 4) + TimeSpan.FromSeconds(2), $"the p99 of others is {beside}, without those lists {alone}");
        await Eventually.UntilAsync(() => connections.Sum(c => c.Resets.Count + c.Answers.Count) >= Connections * CallsEach, "each is answered or cut off");
        await Eventually.UntilAsync(() => unread.Value == 0, "nothing waits any more");
        Assert.Contains(EnhanceYourCalm, connections.SelectMany(c => c.Resets.Values));
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_call_that_comes_behind_thousands_of_anothers_is_answered_before_most_of_them()
    {
        await using var host = await StartAsync();
        var users = new UsersClient(host.Channel);
        await CallAsync(users, 100);
        var connections = await Task.WhenAll(Enumerable.Range(0, 2 * Connections).Select(_ => WindowlessConnection.OpenAsync(host.Grpc, "127.0.0.2")));
        await Task.WhenAll(connections.Select(connection => connection.Begun));

        await Task.WhenAll(connections.Select(connection => connection.CallAsync("/users.v1.UsersService/GetUser", new GetUserRequest { UserId = "user1" }, CallsEach)));
        await CallAsync(users, 1);

        var before = connections.Sum(connection => connection.Answers.Count);
        await Eventually.UntilAsync(() => connections.Sum(connection => connection.Answers.Count) == connections.Length * CallsEach, "all of them are answered");
        Assert.InRange(before, 0, connections.Length * CallsEach / 2);
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_call_that_finds_too_many_waiting_is_told_when_to_try_again()
    {
        await using var host = await StartAsync(("Admission:MaxLists", "1"), ("Admission:MaxWaiting", "1"));
        var users = new UsersClient(host.Channel);

        var statuses = await Task.WhenAll(Enumerable.Range(0, 60).Select(async _ =>
        {
            try
            {
                await users.ListUsersAsync(new() { PageSize = 500 });
                return null;
            }
            catch (RpcException e)
            {
                return e;
            }
        }));

        var refused = statuses.OfType<RpcException>().ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, e =>
        {
            Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
            Assert.NotNull(e.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>());
        });
        Assert.Contains(null, statuses);
    }

    private static async Task<TimeSpan> CallAsync(UsersClient users, int count)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await users.GetUserAsync(new() { UserId = $"user{i}" }, deadline: DateTime.UtcNow + Eventually.Timeout);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        return times.Order().ElementAt(count * 99 / 100);
    }

    private async Task<ServiceHost<UsersDbContext>> StartAsync(params (string Key, string Value)[] settings)
    {
        var host = new ServiceHost<UsersDbContext>(new Dictionary<string, string>(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)))
        {
            ["ConnectionStrings:Database"] = $"Data Source={directory}/users.db",
        });
        await using var scope = host.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<UsersDbContext>>().CreateDbContextAsync();
        for (var i = 0; i < 600; i++)
        {
            database.Users.Add(new Microservices.Users.User
            {
                UserId = $"user{i}",
                Partition = 0,
                DisplayName = new string('n', 200),
                Email = $"user{i}@example.com",
                EmailKey = $"user{i}@example.com",
                Version = 1,
                CreateTime = DateTimeOffset.UnixEpoch,
                UpdateTime = DateTimeOffset.UnixEpoch,
            });
        }

        await database.SaveChangesAsync();
        return host;
    }

    private sealed class Gauge : IDisposable
    {
        private readonly MeterListener listener = new();
        private readonly Timer timer;
        private long value;
        private long highest;

        public Gauge(IMeterFactory meters, string instrument)
        {
            listener.InstrumentPublished = (published, l) =>
            {
                if (published.Name == instrument && published.Meter.Scope == meters)
                    l.EnableMeasurementEvents(published);
            };
            listener.SetMeasurementEventCallback<long>((_, measured, _, _) =>
            {
                value = measured;
                highest = Math.Max(highest, measured);
            });
            listener.Start();
            timer = new Timer(_ => Read(), null, 0, 10);
        }

        public long Value
        {
            get
            {
                Read();
                return value;
            }
        }

        public long Highest => highest;

        public void Dispose()
        {
            timer.Dispose();
            listener.Dispose();
        }

        private void Read()
        {
            lock (listener)
                listener.RecordObservableInstruments();
        }
    }
}
