using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>Creates a user, once for each idempotency key.</summary>
internal sealed class CreateUser(Database<UsersDbContext> database, KeyETags<UsersDbContext> etags, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "CreateUser";

    /// <summary>A user who is created before the process is ready and taken back (<see cref="Rehearsal{TContext}"/>).</summary>
    public static CreateUserRequest Rehearsed()
    {
        var id = Guid.NewGuid().ToString();
        return new() { UserId = id, DisplayName = "Rehearsal", Email = $"{id}@example.com", IdempotencyKey = id };
    }

    public async Task<CreateUserResponse> HandleAsync(CreateUserRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        if (request.UserId.Length > 0)
            violations.CheckId("user_id", request.UserId);
        violations.CheckDisplayName("display_name", request.DisplayName);
        violations.CheckEmail("email", request.Email);
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
        violations.ThrowIfAny(UserErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var withoutKey = new CreateUserRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            users => CreateAsync(users, request, now, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(UserErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        response.Etag = await etags.AfterWriteAsync(response.User.UserId, cancellationToken);
        return response;
    }

    private static async Task<CreateUserResponse> CreateAsync(UsersDbContext users, CreateUserRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var userId = request.UserId.Length > 0 ? request.UserId : Guid.CreateVersion7(now).ToString();
        var user = new User
        {
            UserId = userId,
            Partition = KeyedTopics.PartitionOf(userId),
            DisplayName = request.DisplayName,
            Email = request.Email,
            EmailKey = User.KeyOf(request.Email),
            Version = 1,
            CreateTime = now,
            UpdateTime = now,
        };

        var taken = await users.Users.Where(u => u.UserId == user.UserId || u.EmailKey == user.EmailKey).Select(u => u.UserId).ToListAsync(cancellationToken);
        if (taken.Contains(user.UserId))
            throw new StatusException(UserErrors.Domain.AlreadyExists(UserErrors.Type, "user_id", user.UserId));
        if (taken.Count > 0)
            throw new StatusException(UserErrors.Domain.AlreadyExists(UserErrors.Type, "email", user.Email));

        users.Users.Add(user);
        var message = user.ToMessage();
        users.Publish(UserEventKind.Created, message, now);
        return new CreateUserResponse { User = message };
    }
}
