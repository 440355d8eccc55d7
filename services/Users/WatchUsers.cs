using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Topics;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>What happens to users: to one, to those of one partition, or to all. A snapshot has the users by id.</summary>
internal sealed class WatchUsers(IEventLog log, SnapshotReader<UsersDbContext> snapshots)
    : TopicSource<UsersDbContext>(UserEvents.Topics, UserErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(UsersDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Users.Where(u => u.UserId == scope.Key)
            : scope.Partition is { } partition ? context.Users.Where(u => u.Partition == partition)
            : context.Users;
        return wanted
            .Where(u => string.Compare(u.UserId, after) > 0)
            .OrderBy(u => u.UserId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(u => new SnapshotItem(u.UserId, new UserEvent { User = u.ToMessage(), Time = u.UpdateTime.ToTimestamp() }));
    }
}
