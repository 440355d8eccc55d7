using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Orders;

/// <summary>Which users exist. Thread-safe.</summary>
internal interface IUserDirectory
{
    /// <summary>Those of the ids that are users'.</summary>
    /// <exception cref="RpcException">Users did not answer.</exception>
    Task<HashSet<string>> ExistingAsync(IReadOnlyList<string> userIds, CancellationToken cancellationToken);
}

/// <summary>Asks Users over a call stream: the questions of one batch travel together.</summary>
internal sealed class UserDirectory(CallStreamClient<LookupUsersCall, LookupUsersResult> users) : IUserDirectory
{
    private static readonly CallSettings Settings = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <inheritdoc/>
    public async Task<HashSet<string>> ExistingAsync(IReadOnlyList<string> userIds, CancellationToken cancellationToken)
    {
        var exist = await Task.WhenAll(userIds.Select(userId => ExistsAsync(userId, cancellationToken)));
        return userIds.Where((_, i) => exist[i]).ToHashSet();
    }

    private async Task<bool> ExistsAsync(string userId, CancellationToken cancellationToken)
    {
        try
        {
            await users.CallAsync(new LookupUsersCall { UserId = userId }, Settings, cancellationToken);
            return true;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }
}
