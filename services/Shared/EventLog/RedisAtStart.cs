using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// Checks, when a process starts, that what <c>ConnectionStrings:Redis</c> names is a Redis that lets the process in, since waiting does not help when
/// it is not. A Redis that is away is waited for.
/// </summary>
internal static class RedisAtStart
{
    private const string Key = "ConnectionStrings:Redis";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly byte[] Ping = "*1\r\n$4\r\nPING\r\n"u8.ToArray();

    /// <summary>Returns when it is a Redis, or is away.</summary>
    /// <exception cref="InvalidSettingException">Something else listens there, or it refuses the user or the password.</exception>
    public static async Task CheckAsync(ConfigurationOptions configuration, CancellationToken cancellationToken)
    {
        EndPoint[] endPoints = configuration.Ssl ? [] : [.. configuration.EndPoints];
        var answers = await Task.WhenAll(endPoints.Select(endPoint => AskAsync(endPoint, cancellationToken)));
        for (var i = 0; i < answers.Length; i++)
        {
            // Every reply of the protocol to this is a line of text or an error.
            if (answers[i] is not (null or '+' or '-'))
                throw new InvalidSettingException(Key, $"must name a Redis, but what listens at {NameOf(endPoints[i])} is not one. To go on, correct the host or the port, or start a Redis there");
        }

        if (!answers.Contains(null))
            await LogInAsync(configuration);
    }

    private static string NameOf(EndPoint endPoint) => endPoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : $"{endPoint}";

    /// <summary>The first character of its answer; null when there is none.</summary>
    private static async Task<char?> AskAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint, both.Token);
            await socket.SendAsync(Ping, both.Token);
            var answer = new byte[1];
            return await socket.ReceiveAsync(answer, both.Token) == 0 ? null : (char)answer[0];
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task LogInAsync(ConfigurationOptions configuration)
    {
        var once = configuration.Clone();
        once.AbortOnConnectFail = true;
        once.ConnectRetry = 1;
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(once);
        }
        catch (RedisConnectionException refused) when (refused.FailureType == ConnectionFailureType.AuthenticationFailure)
        {
            throw new InvalidSettingException(
                Key, $"must have a user and a password that {string.Join(" or ", configuration.EndPoints.Select(NameOf))} accepts (user=..., password=...), but it says: {refused.GetBaseException().Message}", refused);
        }
        catch (RedisConnectionException)
        {
            // It has gone again: it is waited for.
        }
    }
}
