using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>
/// Makes the keys of addresses anew that were made by an older rule. Of two users whose addresses are one by the new rule, the one with the
/// lower id gets the key. The other keeps both address and key, which nobody is harmed by, until the address is changed; and so does one whose
/// address is none by the new rule.
/// </summary>
internal static class EmailKeys
{
    private const int PageSize = 500;

    public static async Task RenewAsync(UsersDbContext users, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await users.Users.AsNoTracking().Where(u => u.EmailKeyVersion < EmailAddress.KeyVersion)
                .OrderBy(u => u.EmailKeyVersion).ThenBy(u => u.UserId).Take(PageSize)
                .Select(u => new { u.UserId, u.Email, u.EmailKey }).ToListAsync(cancellationToken);
            if (page.Count == 0)
                return;

            foreach (var user in page)
            {
                if (!EmailAddress.TryGetKey(user.Email, out var key) || key == user.EmailKey)
                    continue;
                // A replica of an earlier version may change the address meanwhile: then this is no longer its key.
                await users.Users.Where(u => u.UserId == user.UserId && u.EmailKey == user.EmailKey && !users.Users.Any(other => other.EmailKey == key))
                    .ExecuteUpdateAsync(set => set.SetProperty(u => u.EmailKey, key), cancellationToken);
            }

            var done = page.ConvertAll(user => user.UserId);
            await users.Users.Where(u => done.Contains(u.UserId))
                .ExecuteUpdateAsync(set => set.SetProperty(u => u.EmailKeyVersion, EmailAddress.KeyVersion), cancellationToken);
        }
    }
}
