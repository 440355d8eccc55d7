using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Streaming.Calls;
using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>
/// Answers the lookups that arrived together with two queries at the most: which users have changed since the caller saw them, and those
/// that have. How many users a process reads for lookups at a time is bounded, and streams take turns.
/// </summary>
internal sealed class LookupUsers(ReadUsers read, KeyETags<UsersDbContext> state, LookupGate gate) : ICallBatchHandler<LookupUsersCall, LookupUsersResult>
{
    /// <summary>How many users a process reads for lookups at a time.</summary>
    public const int MaxUsers = 1_000;

    public async ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
    {
        batch.RefuseOthers(call => call.UserId, Rights.NotYours);
        var etags = await state.ReadAsync(batch, cancellationToken);
        var changed = batch.Where(call => !call.IsAnswered).Select(call => call.Message)
            .Where(call => FieldViolations.IsId(call.UserId) && !etags.Of(call).IsUnchanged)
            .Select(call => call.UserId)
            .ToHashSet();
        var found = changed.Count == 0 ? [] : await FindAsync(batch.Context, changed, cancellationToken);
        batch.AnswerEach(call =>
        {
            var etag = etags.Of(call);
            return etag.IsUnchanged ? new LookupUsersResult { Unchanged = true, Etag = etag.Value }
                : found.TryGetValue(call.UserId, out var user) ? new LookupUsersResult { User = user, Etag = etag.Value }
                : new LookupUsersResult { Error = Missing(call.UserId) };
        });
    }

    private async Task<Dictionary<string, V1.User>> FindAsync(ServerCallContext stream, HashSet<string> users, CancellationToken cancellationToken)
    {
        using var turn = await gate.EnterAsync(stream, users.Count, cancellationToken);
        return await read.FindAsync(users, cancellationToken);
    }

    private static Google.Rpc.Status Missing(string userId)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", userId);
        return violations.Any ? UserErrors.Domain.Invalid(violations) : UserErrors.NotFound(userId);
    }
}
