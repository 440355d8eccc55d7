using Google.Protobuf;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>Holds each call and subscription of a stream to what its caller may call the method about, and the stream to the caller's token. Thread-safe.</summary>
internal sealed class StreamAccess(TokenCheck tokens, Revocations revocations, UserStreams users) : IStreamAccess
{
    public IStreamRights Of(ServerCallContext stream)
    {
        var http = stream.GetHttpContext();
        return new StreamRights(tokens, revocations, users.Subscriptions, http.GetEndpoint()!.Metadata.GetRequiredMetadata<MethodAccess>(), (Principal)http.User);
    }

    /// <summary>There is one for each stream: it is small.</summary>
    private sealed class StreamRights(TokenCheck tokens, Revocations revocations, UserCount subscriptions, MethodAccess access, Principal caller) : IStreamRights
    {
        // As whoever opened the stream: a role may be lost meanwhile.
        private readonly string? counted = UserCount.Counts(caller) ? caller.Id : null;
        private volatile Principal caller = caller;

        public string Caller => caller.Id;

        public DateTimeOffset Expires => caller.Expires - TokenCheck.ClockSkew;

        public string? Owner => access.RightsOf(caller).Owner;

        public Status? Refusal(IMessage part)
        {
            var now = caller;
            return revocations.Include(now) ? AuthErrors.TokenRevoked : access.Refusal(access.RightsOf(now), part);
        }

        public async ValueTask<BoundRights> BindAsync(string token)
        {
            // Two identities: a service asks, and a person is whom it asks for.
            if (!caller.IsWorkload)
                return new(null, AuthErrors.MayNotBind);
            var outcome = await tokens.CheckAsync(token, CancellationToken.None);
            if (outcome.Principal is not { } person)
                return new(null, outcome.Error);
            return (person.IsWorkload ? AuthErrors.MayNotBind : access.Refusal(person)) is { } refusal
                ? new(null, refusal)
                : new(new PersonRights(tokens, revocations, access, person), null);
        }

        public Status? Subscribing() => counted is null ? null : subscriptions.Enter(counted);

        public void Unsubscribed()
        {
            if (counted is not null)
                subscriptions.Exit(counted);
        }

        public Status? Ending()
        {
            var now = caller;
            return tokens.HasExpired(now) ? AuthErrors.TokenExpired : revocations.Include(now) ? AuthErrors.TokenRevoked : null;
        }

        public async ValueTask<Status?> RenewAsync(string token, CancellationToken cancellationToken)
        {
            var outcome = await tokens.CheckAsync(token, cancellationToken);
            // The keys are away for now, and the token that was shown before is as good as ever.
            if (outcome.Error == AuthErrors.KeysUnavailable)
                return null;
            if (outcome.Principal is not { } newer)
                return outcome.Error;
            if (newer.Id != caller.Id)
                return AuthErrors.OtherCaller;
            if (revocations.Include(newer))
                return AuthErrors.TokenRevoked;
            if (access.Refusal(newer) is { } refusal)
                return refusal;
            caller = newer;
            return null;
        }
    }

    /// <summary>Those of a person for whom calls of a service's stream are made. There may be thousands for each stream.</summary>
    private sealed class PersonRights(TokenCheck tokens, Revocations revocations, MethodAccess access, Principal person) : ICallRights
    {
        private readonly Rights rights = access.RightsOf(person);

        public string? Owner => rights.Owner;

        public Status? Refusal(IMessage part) =>
            tokens.HasExpired(person) ? AuthErrors.TokenExpired
            : revocations.Include(person) ? AuthErrors.TokenRevoked
            : access.Refusal(rights, part);
    }
}
