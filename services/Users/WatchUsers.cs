using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>What happens to users: to one, to those of one partition, or to all. A snapshot has the users by id.</summary>
internal sealed class WatchUsers(IEventLog log, Database<UsersDbContext> database)
    : TopicSource<UsersDbContext, WatchUsersSubscription>(UserEvents.Topics, UserErrors.Domain, log, database)
{
    protected override async Task<IReadOnlyList<SnapshotItem>> SnapshotAsync(UsersDbContext context, string userId, string after, int count, CancellationToken cancellationToken)
    {
        var wanted = userId.Length == 0 ? context.Users : context.Users.Where(u => u.UserId == userId);
        var users = await wanted
            .Where(u => string.Compare(u.UserId, after) > 0)
            .OrderBy(u => u.UserId)
            .Take(count)
            .ToListAsync(cancellationToken);
        return users.ConvertAll(u => new SnapshotItem(u.UserId, u.UserId, new UserEvent { User = u.ToMessage(), Time = u.UpdateTime.ToTimestamp() }));
    }
}
