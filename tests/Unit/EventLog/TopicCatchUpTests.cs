using FsCheck.Xunit;
using Microservices.EventLog;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.EventLog;

public sealed class TopicCatchUpTests
{
    private readonly TopicState state = new(new EventLogOptions(), hasHistory: false);

    public TopicCatchUpTests() => state.Initialize(Position.Start);

    [Property(MaxTest = 500)]
    public void A_request_for_the_history_is_met_by_the_next_read_that_begins_whenever_it_comes(byte[] steps)
    {
        var (wanted, reads) = (false, 0);
        (TaskCompletionSource<LogPage> Answer, bool BeyondLog)? read = null;
        var catchUp = new TopicCatchUp("t", state, Begin, NullLogger.Instance);
        var running = catchUp.RunAsync(default);

        foreach (var step in (byte[])[.. steps, 1, 3, 2])
        {
            switch (step % 4)
            {
                case 0:
                    wanted = true;
                    catchUp.IncludeHistory();
                    break;
                case 3:
                    if (running.IsCompleted)
                        running = catchUp.RunAsync(default);
                    break;
                default:
                    if (read is not { } open)
                        break;
                    read = null;
                    var isLast = step % 4 == 2;
                    // A history that has more pages is asked for the next one.
                    wanted |= open.BeyondLog && !isLast;
                    open.Answer.SetResult(Page(isLast));
                    break;
            }
        }

        Assert.False(running.IsFaulted, $"{running.Exception?.InnerException}");
        Assert.True(reads > 0);

        Task<LogPage> Begin(Position after, bool beyondLog, CancellationToken cancellationToken)
        {
            Assert.Null(read);
            Assert.Equal(wanted, beyondLog);
            wanted = false;
            reads++;
            read = (new(), beyondLog);
            return read.Value.Answer.Task;
        }
    }

    [Fact]
    public async Task Not_one_of_the_requests_that_come_from_another_thread_is_lost()
    {
        const int Requests = 100_000;
        var met = 0;
        var catchUp = new TopicCatchUp("t", state, Read, NullLogger.Instance);
        var asking = Task.Run(() =>
        {
            for (var i = 1; i <= Requests; i++)
            {
                catchUp.IncludeHistory();
                if (!SpinWait.SpinUntil(() => Volatile.Read(ref met) == i, TimeSpan.FromMinutes(1)))
                    return i;
            }

            return 0;
        });

        while (!asking.IsCompleted)
            await catchUp.RunAsync(default);

        Assert.Equal(0, await asking);

        Task<LogPage> Read(Position after, bool beyondLog, CancellationToken cancellationToken)
        {
            met += beyondLog ? 1 : 0;
            return Task.FromResult(Page(reachedEnd: true));
        }
    }

    private static LogPage Page(bool reachedEnd) =>
        LogPage.Create(ReadStatus.Ok, "t", new Position("e", reachedEnd ? 0 : 1, 0), 1, Position.Start, []);
}
