using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Microservices.Tests.Support;

/// <summary>Waits on conditions. The only place in the tests where time passes by itself.</summary>
public static class Eventually
{
    private const int FirstPort = 20_000;
    private const int Ports = 12_000;

    // Test projects that run at the same time begin at different places.
    private static int asked = Random.Shared.Next();

    /// <summary>How long a condition may take before the test fails; generous, since it is only paid by a failing test.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Stillness = TimeSpan.FromSeconds(1);

    /// <summary>Returns once the condition holds; throws, naming it, when it does not within the timeout.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > (timeout ?? Timeout))
                throw new TimeoutException($"Not within {(timeout ?? Timeout).TotalSeconds:0} s: {what}");
            await Task.Delay(10);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, string, TimeSpan?)"/>
    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        UntilAsync(() => Task.FromResult(condition()), what, timeout);

    /// <summary>
    /// Returns a count once it is above 0 and has stood still for a second. A machine that is busy with other things may make it stand still: a
    /// test may build on where it stands, not on that it goes no further.
    /// </summary>
    public static async Task<long> StandsStillAsync(Func<Task<long>> count, string what)
    {
        var (last, since) = (0L, Stopwatch.GetTimestamp());
        await UntilAsync(async () =>
        {
            var now = await count();
            if (now != last)
                (last, since) = (now, Stopwatch.GetTimestamp());
            return now > 0 && Stopwatch.GetElapsedTime(since) > Stillness;
        }, what);
        return last;
    }

    /// <inheritdoc cref="StandsStillAsync(Func{Task{long}}, string)"/>
    public static Task<long> StandsStillAsync(Func<long> count, string what) => StandsStillAsync(() => Task.FromResult(count()), what);

    /// <summary>
    /// A port of the loopback interface that nobody listens on, another one each time. It is below those that the system gives to outgoing connections,
    /// one of which could have it before whoever asked listens there. Thread-safe.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + (int)((uint)Interlocked.Increment(ref asked) % Ports);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody listens there.
            }
        }
    }
}
