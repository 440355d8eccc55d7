using Microservices.Primitives;

namespace Microservices.Tests.Unit.Primitives;

public sealed class SingleWaiterAutoResetEventTests
{
    private readonly SingleWaiterAutoResetEvent signal = new();

    [Fact]
    public async Task Set_before_the_wait_however_often_or_after_it_once_it_wakes_the_loop_once()
    {
        signal.Set();
        signal.Set();
        Assert.True(await signal.WaitAsync());
        var waiting = signal.WaitAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        signal.Set();
        Assert.True(await waiting);
        Assert.False(signal.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_second_waiter_is_refused_and_the_first_is_woken_all_the_same()
    {
        var first = signal.WaitAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await signal.WaitAsync());

        signal.Set();
        // Until the first has gone on, it waits.
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await signal.WaitAsync());
        Assert.True(await first);
        Assert.False(signal.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public Task A_waiter_goes_on_in_place_of_whoever_sets_it_inline_or_resumes_it() => Task.Run(() =>
    {
        var rounds = 0;
        var looping = LoopAsync();
        Assert.Equal(0, rounds);

        signal.SetInline();
        Assert.Equal(1, rounds);

        Assert.True(signal.Signal());
        Assert.False(signal.Signal());
        Assert.Equal(1, rounds);
        signal.Resume(inThreadPool: false);
        Assert.Equal(2, rounds);
        Assert.False(looping.IsCompleted);

        async Task LoopAsync()
        {
            while (await signal.WaitAsync())
                rounds++;
        }
    });

    [Fact]
    public async Task With_many_who_set_it_no_work_is_missed()
    {
        const int Producers = 4;
        const int Each = 50_000;
        var (made, taken) = (0, 0);
        var producing = Enumerable.Range(0, Producers).Select(n => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                Interlocked.Increment(ref made);
                if (n % 2 == 0)
                    signal.Set();
                else
                    signal.SetInline();
            }
        })).ToArray();

        var taking = Task.Run(async () =>
        {
            while ((taken = Volatile.Read(ref made)) < Producers * Each)
                await signal.WaitAsync();
        });
        await Task.WhenAll([taking, .. producing]).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(Producers * Each, taken);
    }
}
