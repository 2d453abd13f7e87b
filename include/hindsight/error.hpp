// The exceptions the library throws. All derive from Error, and can be caught across shared libraries.

#pragma once

#include <hindsight/detail/api.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace hindsight {

/// Base of every exception thrown by the library itself. Exceptions of user code are passed on unchanged.
struct HINDSIGHT_API Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An event name or a pattern breaks the rules of names. The message shows the text, the column and the reason.
struct HINDSIGHT_API InvalidName : Error {
    using Error::Error;
};

/// An option or an argument has a value that makes no sense, alone or with the others.
struct HINDSIGHT_API InvalidArgument : Error {
    using Error::Error;
};

/// A record was read as an event type that it does not hold.
struct HINDSIGHT_API BadEventCast : Error {
    using Error::Error;
};

/// An event that was emitted under its name only does not convert to the type that has the name, or nothing is known
/// that could convert it. The message names the event, the type and the reason.
struct HINDSIGHT_API ConversionFailed : Error {
    using Error::Error;
};

/// Two event types claim one name.
struct HINDSIGHT_API TypeConflict : Error {
    using Error::Error;
};

/// A bus was asked for something that only an open one can do, after it was shut down.
struct HINDSIGHT_API Closed : Error {
    using Error::Error;
};

/// There is no room for one more; the message names the option that says how many there may be.
struct HINDSIGHT_API LimitReached : Error {
    using Error::Error;
};

/// A wait that could never end: what it waits for can only happen after the waiting thread goes on.
struct HINDSIGHT_API WouldDeadlock : Error {
    using Error::Error;
};

/// A request that nobody replies to, or nobody any more.
struct HINDSIGHT_API NoHandler : Error {
    using Error::Error;
};

/// A request whose time was over before anybody had replied.
struct HINDSIGHT_API RequestTimedOut : Error {
    using Error::Error;
};

/// A request that has no reply, since whoever was to reply has thrown: `error`.
struct HINDSIGHT_API ReplyFailed : Error {
    ReplyFailed(const std::string& message, std::exception_ptr error_) : Error(message), error(std::move(error_)) {}
    std::exception_ptr error;
};

}  // namespace hindsight
